"""A listening socket of our own, and a uvicorn server for it."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from giddyup_watch.errors import ConfigError

BACKLOG = 128  # connections
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


class Server:
    """Answers from `run`, in any thread, to `stop`; listens from its construction on.

    What proxies claim about their clients is not believed, and requests are
    counted, not logged. `beat` is called by the server's loop.
    """

    def __init__(self, app: FastAPI, host: str, port: int, beat: Callable[[], None]) -> None:
        async def still_alive() -> None:
            beat()

        self._socket = listen(host, port)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
                callback_notify=still_alive,
                timeout_notify=BEAT_SECONDS,
            )
        )

    @property
    def url(self) -> str:
        host, port, *_ = self._socket.getsockname()
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self) -> None:
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Answer what is being asked, then end `run`; returns at once."""
        self._server.should_exit = True
