"""An HTTP listener as a service."""

import threading
from collections.abc import Callable

import structlog

from giddyup_watch.daemon.service import Service
from giddyup_watch.errors import ConfigError
from giddyup_watch.http.server import Server
from giddyup_watch.logs import Event

#: Seconds between two attempts of a listener that the daemon can do without.
RETRY_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Web(Service):
    """Listens from `start` on, which fails when the address is taken.

    One that is not `needed` says so instead, and tries again now and then.
    """

    name = "http"

    def __init__(
        self, failed: threading.Event, listen: Callable[[], Server], *, needed: bool = True
    ) -> None:
        super().__init__(failed)
        self._listen = listen
        self._needed = needed
        self._server: Server | None = None
        self.url = ""

    def prepare(self) -> None:
        self._server = None
        try:
            self._open()
        except ConfigError as error:
            if self._needed:
                raise
            log.warning(Event.SOCKET_UNAVAILABLE, reason=error.message, hint=error.hint)

    def run(self) -> None:
        while self._server is None:
            self.rest(RETRY_SECONDS)
            if self.stopping.is_set():
                return
            self._try()
        self._server.run()

    def ask(self) -> None:
        super().ask()
        if self._server is not None:
            self._server.stop()

    def _open(self) -> None:
        self._server = self._listen()
        self.url = self._server.url

    def _try(self) -> None:
        try:
            self._open()
        except ConfigError:
            return  # said at the start
        if self.stopping.is_set() and self._server is not None:  # asked between the two
            self._server.stop()
