"""The living daemon, asked over its unix socket."""

import http.client
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import click

from giddyup_watch import errors, settings
from giddyup_watch.cli import database
from giddyup_watch.settings.sources import SOCKET_NAME

_ADMIN = "/api/v1/admin"
_FOR_HEADER = "X-Giddyup-Watch-For"
#: Where systemd puts the runtime directory of the unit; a person's shell does not name it.
RUNTIME = Path("/run/giddyup-watch")
#: The kernel's limit for the name of a socket, its NUL included.
_NAME_BYTES = 108
#: Seconds for one answer: a run gets 10 to begin.
_SECONDS = 30.0

#: What is in the daemon's way, but not in that of a command on the database itself.
_LEFT_TO_US = frozenset({"standby", "not-ready", "starting", "stopping", "database", "tree"})


class NoDaemonError(Exception):
    """Nobody answers who could do it: the command has to do it itself."""


class SilentError(errors.TransientError):
    """A daemon is there, and does not answer: whether it did what was asked is not known."""


class Answer(NamedTuple):
    status: int
    document: dict[str, Any]


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Daemon:
    """Asks, of all sockets, the first of a daemon that can do it.

    `identity` is that of its tree and database; without one the daemon of this
    environment is meant, whatever it follows.
    """

    def __init__(self, identity: str = "") -> None:
        self._headers = {"Content-Type": "application/json"}
        if identity:
            self._headers[_FOR_HEADER] = identity
        self._places = [
            place for place in dict.fromkeys(_places(anyones=bool(identity))) if _has_name(place)
        ]

    def get(self, path: str) -> dict[str, Any]:
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Raises NoDaemonError, SilentError, or our error for what it answers."""
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        sent = None if body is None else json.dumps(body)
        for place in self._places:
            with suppress(NoDaemonError):
                return _good(self._answer(place, method, path, sent))
        raise NoDaemonError

    def _answer(self, place: Path, method: str, path: str, sent: str | None) -> Answer:
        try:
            with closing(_Connection(place)) as conn:
                conn.request(method, f"{_ADMIN}/{path}", sent, self._headers)
                answered = conn.getresponse()
                return Answer(answered.status, json.loads(answered.read()))
        except (FileNotFoundError, ConnectionRefusedError, PermissionError) as error:
            raise NoDaemonError from error
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            raise SilentError(
                f"the daemon at {place} did not answer: {error}",
                hint="giddyup-watch status; it may be starting, stopping or stuck",
            ) from error


def of(given: settings.Settings) -> Daemon:
    """The daemon of these settings."""
    return Daemon(settings.identity(database.decided(given)))


def _places(*, anyones: bool) -> Iterator[Path]:
    """Where the daemon of this environment listens; with `anyones` all that may, ours first."""
    yield settings.socket_path()
    if anyones or not os.environ.get("RUNTIME_DIRECTORY"):
        yield RUNTIME / SOCKET_NAME
        yield settings.state_dir() / SOCKET_NAME
    if anyones:
        yield from sorted(RUNTIME.parent.glob(f"{RUNTIME.name}-*/{SOCKET_NAME}"))


def _has_name(place: Path) -> bool:
    """What is too long for the name of a socket has none."""
    return len(os.fsencode(place)) < _NAME_BYTES


def _good(answer: Answer) -> dict[str, Any]:
    if answer.status < 400:
        return answer.document
    told = answer.document
    kind, message, hint = told["type"], told["detail"], told["hint"]
    if answer.status in (401, 403, 421) or (answer.status == 503 and kind in _LEFT_TO_US):
        raise NoDaemonError
    if kind == "busy":
        raise errors.LockBusyError(message, hint=hint, holder=told["holder"])
    if kind == "paused":
        raise errors.PausedError(message, hint="giddyup-watch resume")
    if kind == "settings":
        raise errors.ConfigError(message, hint=hint)
    if answer.status == 422:
        raise click.UsageError(message)
    if answer.status in (429, 503):
        raise errors.NotServingError(message, kind=kind, hint=hint)
    raise errors.GiddyupError(message, hint=hint)
