"""Which steps lead from this machine as it is to a running service."""

import difflib
import secrets
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from giddyup_watch.cli.setup import texts
from giddyup_watch.cli.setup.steps import Migrate, Put, Run, Step, as_superuser
from giddyup_watch.errors import ConfigError
from giddyup_watch.store import connection

SETTINGS = "etc/giddyup-watch/config.toml"
CREDENTIALS = "etc/giddyup-watch/credentials"
UNIT = "giddyup-watch.service"
#: Where a package puts its units.
PACKAGED = ("usr/lib/systemd/system", "lib/systemd/system")
LOCAL = "etc/systemd/system"
#: The file of the drop-in that opens a tree below a home directory to the service.
HOME_DROP_IN = "systemd/giddyup-watch.service.d/tree-under-home.conf"

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator wants. `root` is not / for an image that is being made."""

    root: Path
    master: Path
    url: str
    lock_id: int
    role: str
    password: str
    token: bool
    create_database: bool
    start: bool


def present(root: Path) -> dict[str, str]:
    """`master.path` and `database.url` as the settings file has them, where it does."""
    file = root / SETTINGS
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError(f"{file} cannot be read: {exc}", hint="mend it, or move it away") from exc
    pairs = (("master", "path"), ("database", "url"))
    return {
        f"{section}.{key}": str(document[section][key])
        for section, key in pairs
        if key in document.get(section, {})
    }


def steps(wish: Wish) -> list[Step]:
    """In the order in which they are done; ConfigError before anything is when one cannot be."""
    return [
        *_settings(wish),
        *_credentials(wish),
        *_unit(wish),
        *(_database(wish) if wish.create_database else ()),
        *(_start() if wish.start else ()),
    ]


def _settings(wish: Wish) -> Iterator[Step]:
    """A file that sets both as wanted is right, one that sets nothing may be filled in."""
    file = wish.root / SETTINGS
    wanted = {"master.path": str(wish.master), "database.url": wish.url}
    text = texts.settings(wish.master, wish.url)
    if present(wish.root) == wanted:
        return
    if file.exists() and any(tomllib.loads(file.read_text("utf-8")).values()):
        raise ConfigError(
            f"{file} says otherwise, and is left as it is:\n{_difference(file, text)}",
            hint="change it by hand, or move it away; then run setup again",
        )
    yield Put(file, text)


def _difference(file: Path, text: str) -> str:
    """What is set, line by line: comments are nobody's wish."""
    old, new = (
        [line for line in whole.splitlines() if line and not line.startswith("#")]
        for whole in (file.read_text("utf-8"), text)
    )
    lines = difflib.unified_diff(old, new, str(file), "as asked for", lineterm="", n=1)
    return "\n".join(f"  {line}" for line in lines)


def _credentials(wish: Wish) -> Iterator[Step]:
    password, token = (wish.root / CREDENTIALS / name for name in ("db_password", "admin_token"))
    if wish.password:
        if password.exists() and password.read_text("utf-8").rstrip("\r\n") != wish.password:
            raise ConfigError(
                f"{password} has another password, and is left as it is",
                hint="remove it, run setup again, and restart the service",
            )
        yield Put(password, wish.password + "\n", 0o600, folder_mode=0o700)
    if wish.token and not token.exists():
        yield Put(token, secrets.token_urlsafe(TOKEN_BYTES) + "\n", 0o600, folder_mode=0o700)


def _unit(wish: Wish) -> Iterator[Step]:
    if not any((wish.root / folder / UNIT).exists() for folder in PACKAGED):
        program = Path(sys.executable).with_name("giddyup-watch")
        yield Put(wish.root / LOCAL / UNIT, texts.unit(program, Path(sys.executable).resolve()))
    if texts.below_home(wish.master):
        name = Path(HOME_DROP_IN).name
        yield Put(wish.root / LOCAL / f"{UNIT}.d" / name, texts.shipped(HOME_DROP_IN))


def _database(wish: Wish) -> Iterator[Step]:
    """Made and migrated by the server's superuser; the service's role owns nothing of it."""
    given = connection.parse_url(wish.url)
    name, host = given.get("dbname", ""), given.get("host", "")
    if not name or (host and not host.startswith("/")):
        raise ConfigError(
            "only a database of this machine, with a name, can be made: "
            "postgresql:///giddyup and the like",
            hint="on its server: createdb, then giddyup-watch migrate --role NAME",
        )
    at = [f"--{key}={given[key]}" for key in ("host", "port") if given.get(key)]
    query = "&".join(f"{key}={given[key]}" for key in ("host", "port") if given.get(key))
    url = f"postgresql:///{name}" + (f"?{query}" if query else "")
    create = ("--encoding=UTF8", "--locale=C.UTF-8", "--template=template0")
    # A connection tells that it is there.
    there = ("psql", *at, "--no-psqlrc", f"--dbname={name}", "--command=")
    yield Run(as_superuser("createdb", *at, *create, name), unless=as_superuser(*there))
    yield Migrate(url, wish.role, wish.lock_id)


def _start() -> Iterator[Step]:
    yield Run(("systemctl", "daemon-reload"))
    yield Run(("systemctl", "enable", "--now", UNIT))
