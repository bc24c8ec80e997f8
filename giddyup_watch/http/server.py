"""Listening sockets of our own, and a uvicorn server for one."""

import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from giddyup_watch.errors import ConfigError
from giddyup_watch.http.protocol import Protocol

BACKLOG = 128  # connections
#: Connections that are answered at the same time; others are told to come back.
CONNECTIONS = 200
#: Seconds that requests under way get when the server stops.
GRACE_SECONDS = 3
#: Seconds between two beats of the server's loop.
BEAT_SECONDS = 5


def listen(host: str, port: int) -> socket.socket:
    """Bind, or raise ConfigError. Port 0 leaves the choice to the kernel.

    The protocol is named because asyncio sets TCP_NODELAY only on sockets that
    say they are TCP: without it an answer takes 44 ms instead of 0.9.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            hint="is another daemon running? http.listen chooses the address",
        ) from error
    return sock


def listen_locally(path: Path) -> socket.socket:
    """Bind a unix socket that only its owner and root can use, or raise ConfigError.

    It gets its name when it is ready: until then nobody can connect. One that a
    killed daemon left is replaced, one that is answered is not ours to take.
    """
    made = path.with_name(f"{path.name}.{os.getpid()}")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_taken(path)
        made.unlink(missing_ok=True)
        sock.bind(str(made))
        made.chmod(0o600)
        sock.listen(BACKLOG)
        made.rename(path)
    except OSError as error:
        sock.close()
        with suppress(OSError):
            made.unlink(missing_ok=True)
        raise ConfigError(
            f"cannot listen on {path}: {error.strerror or error}",
            hint="is another daemon running? Each needs a state or runtime directory of its own",
        ) from error
    return sock


def _refuse_taken(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(None, "something that is no socket has its name")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
    raise FileExistsError(None, "another daemon answers there")


class Server:
    """Answers from `run`, in any thread, to `stop`; owns the socket, and its name in a folder.

    What proxies claim about their clients is not believed, and requests are
    counted, not logged. `beat` is called by the server's loop.
    """

    def __init__(
        self,
        app: ASGIApp,
        sock: socket.socket,
        beat: Callable[[], None],
        path: Path | None = None,
    ) -> None:
        async def still_alive() -> None:
            beat()

        self._socket = sock
        self._path = path
        self._inode = path.stat().st_ino if path is not None else 0
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=Protocol,
                lifespan="off",
                ws="none",
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=CONNECTIONS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                callback_notify=still_alive,
                timeout_notify=BEAT_SECONDS,
            )
        )

    @property
    def url(self) -> str:
        if self._path is not None:
            return f"unix:{self._path}"
        host, port, *_ = self._socket.getsockname()
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._leave()

    def stop(self) -> None:
        """Answer what is being asked, then end `run`; returns at once."""
        self._server.should_exit = True

    def _leave(self) -> None:
        """Take our name out of the folder, unless somebody else has put his there."""
        if self._path is not None:
            with suppress(OSError):
                if self._path.lstat().st_ino == self._inode:
                    self._path.unlink()
