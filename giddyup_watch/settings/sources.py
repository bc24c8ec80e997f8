"""Where settings come from: a file, credentials, the environment, the command line."""

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from giddyup_watch.settings import schema, values

DEFAULT_FILE = Path("/etc/giddyup-watch/config.toml")

_PREFIX = "GIDDYUP_WATCH_"
_FILE_VARIABLE = "GIDDYUP_WATCH_CONFIG"

#: Files that systemd puts into $CREDENTIALS_DIRECTORY, and the setting each fills.
CREDENTIALS = {
    "giddyup_watch_db_password": "database.password",
    "giddyup_watch_admin_token": "http.token",
}


@dataclass(frozen=True, slots=True)
class Given:
    """One setting that somebody gave, and where: a file, a variable, the command line."""

    key: str
    value: object
    origin: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `key` is empty when it is about the whole of `origin`."""

    origin: str
    key: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.origin, self.key, self.text) if part)


def find_file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: the one named, else the one of the environment, else the one in /etc."""
    if path is not None:
        return path
    if environ.get(_FILE_VARIABLE):
        return Path(environ[_FILE_VARIABLE])
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the embedded server lives: systemd's folder, else the user's."""
    if environ.get("STATE_DIRECTORY"):
        return Path(environ["STATE_DIRECTORY"].split(":")[0])
    base = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "giddyup-watch"


def from_file(path: Path) -> Iterator[Given | Problem]:
    """The settings of a TOML file; a secret in one that others can read is a mistake."""
    try:
        with path.open("rb") as file:
            open_to_all = bool(os.fstat(file.fileno()).st_mode & stat.S_IROTH)
            document = tomllib.load(file)
    except OSError as exc:
        yield Problem(str(path), "", f"cannot be read: {exc.strerror}")
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        yield Problem(str(path), "", f"is not TOML: {exc}")
        return
    for section, table in document.items():
        if not isinstance(table, dict):
            yield Problem(str(path), section, "must stand in a section, like [watch]")
            continue
        for name, value in table.items():
            given = Given(f"{section}.{name}", value, str(path))
            yield given
            if open_to_all and _is_secret(given):
                yield Problem(
                    str(path),
                    given.key,
                    f"is a secret in a file that others can read: chmod o-r {path}",
                )


def from_environment(environ: Mapping[str, str]) -> Iterator[Given | Problem]:
    """`GIDDYUP_WATCH_WATCH__QUIET_MS=200` is `watch.quiet_ms = 200`."""
    for name, value in sorted(environ.items()):
        if not name.upper().startswith(_PREFIX) or name == _FILE_VARIABLE:
            continue
        section, separator, key = name.removeprefix(_PREFIX).partition("__")
        if not separator or name != name.upper():
            yield Problem(name, "", "unknown variable: settings are GIDDYUP_WATCH_SECTION__KEY")
        else:
            yield Given(f"{section}.{key}".lower(), value, name)


def from_credentials(environ: Mapping[str, str]) -> Iterator[Given | Problem]:
    """Secrets that systemd hands over as files; a misspelt one must not go unnoticed."""
    if not environ.get("CREDENTIALS_DIRECTORY"):
        return
    folder = Path(environ["CREDENTIALS_DIRECTORY"])
    try:
        files = sorted(folder.iterdir())
    except OSError as exc:
        yield Problem(str(folder), "", f"cannot be read: {exc.strerror}")
        return
    for file in files:
        if file.name in CREDENTIALS:
            yield from _credential(file)
        elif file.name.startswith(_PREFIX.lower()):
            yield Problem(str(file), "", f"unknown credential: there are {', '.join(CREDENTIALS)}")


def _credential(file: Path) -> Iterator[Given | Problem]:
    key = CREDENTIALS[file.name]
    try:
        open_to_all = bool(file.stat().st_mode & stat.S_IROTH)
        text = file.read_text("utf-8").rstrip("\r\n")
    except OSError as exc:
        yield Problem(str(file), key, f"cannot be read: {exc.strerror}")
        return
    except UnicodeDecodeError:
        yield Problem(str(file), key, "is not UTF-8")
        return
    if not text:
        yield Problem(str(file), key, "is empty")
    if open_to_all:
        yield Problem(
            str(file), key, f"is a secret in a file that others can read: chmod o-r {file}"
        )
    yield Given(key, text, str(file))


def from_command_line(overrides: Mapping[str, object]) -> Iterator[Given | Problem]:
    for key, value in overrides.items():
        given = Given(key, value, "command line")
        yield given
        if _is_secret(given):
            yield Problem(
                given.origin,
                key,
                "must not carry a password, which every user of the machine could read: use"
                " GIDDYUP_WATCH_DATABASE__PASSWORD, a credential or ~/.pgpass",
            )


def _is_secret(given: Given) -> bool:
    if not isinstance(given.value, str):
        return False
    if given.key == "database.url":
        return bool(values.url_secrets(given.value))
    return given.key in schema.SECRET_KEYS and bool(given.value)
