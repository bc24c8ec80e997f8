"""Where settings come from: a file, credentials, the environment, the command line.

The library reads and merges them. It passes over files and variables that it does
not know, and forgets which source a value came from: that is added here.
"""

import difflib
import logging
import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from giddyup_watch.settings import schema, values

DEFAULT_FILE = Path("/etc/giddyup-watch/config.toml")

#: The unix socket, in the runtime directory or the state directory.
SOCKET_NAME = "admin.sock"

_PREFIX = "GIDDYUP_WATCH_"
_FILE_VARIABLE = "GIDDYUP_WATCH_CONFIG"

#: Where an operator puts secrets for the service: systemd hands its files on, each under a name
#: that begins with that of the credential.
CREDENTIALS_FOLDER = DEFAULT_FILE.parent / "credentials"

#: Files that systemd puts into $CREDENTIALS_DIRECTORY, and the setting each fills.
CREDENTIALS = {
    "giddyup_watch_db_password": "database.password",
    "giddyup_watch_admin_token": "http.token",
}

# Under PYDANTIC_SETTINGS_DEBUG the library logs what every source gave, secrets included.
logging.getLogger("pydantic_settings").setLevel(logging.WARNING)


class Read(BaseSettings, schema.Settings):
    """The settings on their way in."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        case_sensitive=True,  # else a section [Watch] of the file would pass for [watch]
        enable_decoding=False,  # a variable writes a list with commas, not as JSON
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `key` is empty when it is about the whole of `origin`."""

    origin: str
    key: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.origin, self.key, self.text) if part)


class Sources:
    """All sources, later ones win; where each setting stands, and what is wrong in any of them.

    Keys are looked at here, before the library merges the sources: else a
    mistake would be hidden where a later source replaces it.
    """

    def __init__(
        self, path: Path | None, overrides: Mapping[str, object], environ: Mapping[str, str]
    ) -> None:
        self.all: list[PydanticBaseSettingsSource] = []
        self.origins: dict[str, str] = {}
        self.problems: list[Problem] = []
        if file := find_file(path, environ):
            self._add_file(file)
        if environ.get("CREDENTIALS_DIRECTORY"):
            self._add_credentials(Path(environ["CREDENTIALS_DIRECTORY"]))
        self._add_variables(environ)
        self._add_command_line(overrides)

    def _add_file(self, path: Path) -> None:
        try:
            mode = path.stat().st_mode  # a file that is not there is an empty one to the library
            source = TomlConfigSettingsSource(Read, toml_file=path)
        except OSError as exc:
            self._wrong(path, f"cannot be read: {exc.strerror}")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            self._wrong(path, f"is not TOML: {exc}")
        else:
            if not stat.S_ISREG(mode):  # another empty one
                self._wrong(path, "is not a regular file")
            self._add(source, source.toml_data, lambda _key: str(path), _exposed(path, mode))

    def _add_credentials(self, folder: Path) -> None:
        try:
            files = sorted(folder.iterdir())
        except OSError as exc:
            self._wrong(folder, f"cannot be read: {exc.strerror}")
            return
        for file in files:
            if file.name in CREDENTIALS:
                self._add_credential(file, CREDENTIALS[file.name])
            elif file.name.startswith(_PREFIX.lower()):
                self._wrong(file, f"unknown credential: there are {', '.join(CREDENTIALS)}")

    def _add_credential(self, file: Path, key: str) -> None:
        """Not by the library's source for secrets, which wants files named like sections."""
        try:
            mode = file.stat().st_mode
            text = file.read_text("utf-8").rstrip("\r\n")
        except OSError as exc:
            self._wrong(file, f"cannot be read: {exc.strerror}", key)
        except UnicodeDecodeError:
            self._wrong(file, "is not UTF-8", key)
        else:
            if not text:
                self._wrong(file, "is empty", key)
            self._add_given({key: text}, str(file), _exposed(file, mode))

    def _add_variables(self, environ: Mapping[str, str]) -> None:
        known = [_variable(key) for key in schema.KEYS]
        for name in sorted(environ.keys() - {_FILE_VARIABLE, *known}):
            if name.upper().startswith(_PREFIX):
                key = name.lower().removeprefix(_PREFIX.lower()).replace("__", ".")
                self._wrong(name, f"unknown variable{_suggestion(key, _variable)}")
        source = EnvSettingsSource(Read, case_sensitive=False)
        source.env_vars = {name.lower(): environ[name] for name in known if name in environ}
        self._add(source, source(), _variable)

    def _add_command_line(self, overrides: Mapping[str, object]) -> None:
        exposed = (
            "must not carry a password, which every user of the machine could read: use"
            " GIDDYUP_WATCH_DATABASE__PASSWORD, a credential or ~/.pgpass"
        )
        self._add_given(overrides, "command line", exposed)

    def _add_given(self, given: Mapping[str, object], origin: str, exposed: str) -> None:
        document: dict[str, dict[str, object]] = {}
        for key, value in given.items():
            section, _, name = key.partition(".")
            document.setdefault(section, {})[name] = value
        self._add(InitSettingsSource(Read, document), document, lambda _key: origin, exposed)

    def _add(
        self,
        source: PydanticBaseSettingsSource,
        document: Mapping[str, Any],
        origin: Callable[[str], str],
        exposed: str = "",
    ) -> None:
        """`exposed` is what is wrong with a secret in this source, if anything."""
        self.all.append(source)
        for section, table in document.items():
            if not isinstance(table, dict):
                self._wrong(origin(section), "must stand in a section, like [watch]", section)
                continue
            for name, value in table.items():
                key = f"{section}.{name}"
                self.origins[key] = origin(key)
                if key not in schema.KEYS:
                    self._wrong(origin(key), f"unknown key{_suggestion(key)}", key)
                elif exposed and _is_secret(key, value):
                    self._wrong(origin(key), exposed, key)

    def _wrong(self, origin: str | Path, text: str, key: str = "") -> None:
        self.problems.append(Problem(str(origin), key, text))


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


def socket_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where a daemon listens for this machine's root and its own user."""
    if environ.get("RUNTIME_DIRECTORY"):
        return Path(environ["RUNTIME_DIRECTORY"].split(":")[0]) / SOCKET_NAME
    return state_dir(environ) / SOCKET_NAME


def _variable(key: str) -> str:
    """`watch.quiet_ms` is `GIDDYUP_WATCH_WATCH__QUIET_MS`."""
    return f"{_PREFIX}{key.replace('.', '__')}".upper()


def _exposed(file: Path, mode: int) -> str:
    readable = mode & stat.S_IROTH
    return f"is a secret in a file that others can read: chmod o-r {file}" if readable else ""


def _is_secret(key: str, value: object) -> bool:
    if not isinstance(value, str):
        return False
    if key == "database.url":
        return bool(values.url_secrets(value))
    return key in schema.SECRET_KEYS and bool(value)


def _suggestion(key: str, spell: Callable[[str], str] = str) -> str:
    close = difflib.get_close_matches(key, schema.KEYS, n=1)
    return f", did you mean {spell(close[0])}?" if close else ""
