"""The HTTP listeners as a service."""

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from giddyup_watch.daemon.service import Service
from giddyup_watch.errors import ConfigError
from giddyup_watch.http.listening.server import Door, Server
from giddyup_watch.http.listening.sockets import Listening
from giddyup_watch.logs import Event

#: Seconds between two attempts of a listener that the daemon can do without.
RETRY_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Web(Service):
    """Listens at every door from `start` on, which fails when the address of one is taken.

    A door that is not needed says so instead, and is tried again now and then.
    """

    name = "http"

    def __init__(
        self, failed: threading.Event, doors: Sequence[Door], beat: Callable[[], None]
    ) -> None:
        super().__init__(failed)
        self.doors = doors
        self._beat = beat
        self._server = Server(self._turn)
        self._listening: dict[Door, Listening] = {}
        self._tried = 0.0

    @property
    def urls(self) -> list[str]:
        """Of the open doors, in their order."""
        return [self._listening[door].url for door in self.doors if door in self._listening]

    def prepare(self) -> None:
        self._server = Server(self._turn)
        self._listening.clear()
        try:
            self._open(told=True)
        except ConfigError:
            self._server.close()
            raise

    def run(self) -> None:
        self._server.run()

    def ask(self) -> None:
        super().ask()
        self._server.stop()

    def _turn(self) -> None:
        self._beat()
        if time.monotonic() - self._tried >= RETRY_SECONDS:
            self._open(told=False)

    def _open(self, *, told: bool) -> None:
        self._tried = time.monotonic()
        for door in self.doors:
            if door in self._listening:
                continue
            try:
                self._listening[door] = Listening(door.address)
            except ConfigError as error:
                if door.needed:
                    raise
                if told:
                    log.warning(Event.SOCKET_UNAVAILABLE, reason=error.message, hint=error.hint)
            else:
                self._server.add(door.app, self._listening[door])
