"""The living daemon, asked over its unix socket."""

import http.client
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
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
#: Seconds for one answer: a run gets 10 to begin.
_SECONDS = 30.0

#: What is in the daemon's way, but not in that of a command on the database itself.
_LEFT_TO_US = frozenset({"standby", "not-ready", "starting", "stopping", "database", "tree"})


class NoDaemonError(Exception):
    """Nobody answers who could do it: the command has to do it itself."""


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
    """Asks the first socket that answers; `identity` is that of its tree and database, if known."""

    def __init__(self, identity: str = "") -> None:
        self._headers = {"Content-Type": "application/json"}
        if identity:
            self._headers[_FOR_HEADER] = identity

    def get(self, path: str) -> dict[str, Any]:
        return _good(self._ask("GET", path, None))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Raises NoDaemonError, or our error for what it answers."""
        return _good(self._ask("POST", path, body))

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        for place in _places():
            try:
                with closing(_Connection(place)) as conn:
                    conn.connect()
                    sent = None if body is None else json.dumps(body)
                    return self._over(conn, method, path, sent)
            except (FileNotFoundError, ConnectionRefusedError, PermissionError):
                continue
            except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
                raise errors.TransientError(
                    f"the daemon at {place} did not answer: {error}",
                    hint="giddyup-watch status; it may be starting or stopping",
                ) from error
        raise NoDaemonError

    def _over(self, conn: _Connection, method: str, path: str, sent: str | None) -> Answer:
        conn.request(method, f"{_ADMIN}/{path}", sent, self._headers)
        answered = conn.getresponse()
        return Answer(answered.status, json.loads(answered.read()))


def of(given: settings.Settings) -> Daemon:
    """The daemon of these settings."""
    return Daemon(settings.identity(database.decided(given)))


def _places() -> Iterator[Path]:
    """Where a daemon may listen; a name that is too long for a socket has none."""
    state = settings.state_dir() / SOCKET_NAME
    for place in dict.fromkeys((settings.socket_path(), RUNTIME / SOCKET_NAME, state)):
        if len(os.fsencode(place)) < 108:
            yield place


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
