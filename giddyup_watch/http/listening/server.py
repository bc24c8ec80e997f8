"""One loop that answers on every listener, and sleeps while nobody asks."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from giddyup_watch.http.listening.protocol import Protocol
from giddyup_watch.http.listening.sockets import BACKLOG, Address, Listening

#: Seconds that requests under way get when the server stops.
GRACE_SECONDS = 3
#: Seconds between two beats of the loop.
BEAT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where to listen, and what answers there. One that is not `needed` may fail to open."""

    app: ASGIApp
    address: Address
    needed: bool = True


class Server:
    """Answers from `run`, in any thread, to `stop`, with uvicorn's protocol but not its server.

    That one is for one app, and wakes up ten times a second. Requests are
    counted, not logged, and what proxies claim about their clients is not believed.
    `beat` is called by the loop now and then.
    """

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._endpoints: list[_Endpoint] = []
        self._asked = threading.Event()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, app: ASGIApp, listening: Listening) -> None:
        """Answer there with `app`; before `run`, or from `beat`. The socket is ours from now on."""
        self._endpoints.append(_Endpoint(app, listening))

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self.close()

    def stop(self) -> None:
        """Answer what is being asked, then end `run`; returns at once."""
        self._asked.set()
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stop.set)

    def close(self) -> None:
        """Close the sockets of a server that does not run."""
        for endpoint in self._endpoints:
            endpoint.listening.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._asked.is_set():
            return
        while not self._stop.is_set():
            self._beat()
            for endpoint in self._endpoints:
                await endpoint.open()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), BEAT_SECONDS)
        await self._leave()

    async def _leave(self) -> None:
        for endpoint in self._endpoints:
            endpoint.shut()
        left = [one for endpoint in self._endpoints for one in endpoint.connections]
        await _all_lost(left, GRACE_SECONDS)
        for one in left:
            one.transport.abort()
        await _all_lost(left)


class _Endpoint:
    """One listener: its socket, its app, its connections."""

    def __init__(self, app: ASGIApp, listening: Listening) -> None:
        self.listening = listening
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self._config = uvicorn.Config(
            _cut_off_quietly(app),
            http=Protocol,
            lifespan="off",
            ws="none",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
        )

    @property
    def connections(self) -> list[Protocol]:
        return [one for one in self._state.connections if isinstance(one, Protocol)]

    async def open(self) -> None:
        """Begin to answer; harmless when it has."""
        if self._server is None:
            loop, sock = asyncio.get_running_loop(), self.listening.socket
            self._server = await loop.create_server(self._protocol, sock=sock, backlog=BACKLOG)

    def shut(self) -> None:
        """Let nobody in any more; who is in leaves after what he has asked for."""
        if self._server is not None:
            self._server.close()
        for connection in self.connections:
            connection.shutdown()

    def _protocol(self) -> Protocol:
        return Protocol(config=self._config, server_state=self._state, app_state={})


def _cut_off_quietly(app: ASGIApp) -> ASGIApp:
    """Let a request end that is cut off with the loop: uvicorn takes it for a bug of the app."""

    async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return quiet


async def _all_lost(connections: Iterable[Protocol], seconds: float | None = None) -> None:
    lost = [connection.lost for connection in connections]
    if lost:
        await asyncio.wait(lost, timeout=seconds)
