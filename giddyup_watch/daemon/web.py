"""An HTTP listener as a service."""

import threading
from collections.abc import Callable

from giddyup_watch.daemon.service import Service
from giddyup_watch.http.server import Server


class Web(Service):
    """Listens from `start` on, which fails when the address is taken."""

    name = "http"

    def __init__(self, failed: threading.Event, listen: Callable[[], Server]) -> None:
        super().__init__(failed)
        self._listen = listen
        self._server: Server | None = None
        self.url = ""

    def prepare(self) -> None:
        self._server = self._listen()
        self.url = self._server.url

    def run(self) -> None:
        assert self._server is not None  # noqa: S101  prepared before there is a thread
        self._server.run()

    def ask(self) -> None:
        super().ask()
        if self._server is not None:
            self._server.stop()
