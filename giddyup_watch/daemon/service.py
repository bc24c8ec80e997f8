"""The contract of everything that runs beside the main thread."""

import threading
from typing import Self


class Service:
    """One background loop in a thread of its own.

    Subclasses implement `run` and return soon after `stopping` is set: they
    wait with `rest`, never with a sleep. An exception that leaves `run`, or a
    return that nobody asked for, is kept in `error` and sets `failed`, the
    event shared by every service of the daemon.
    """

    name = "service"

    def __init__(self, failed: threading.Event) -> None:
        self.failed = failed
        self.error: BaseException | None = None
        self.stopping = threading.Event()
        self._bell = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def prepare(self) -> None:
        """What may fail before there is a thread: an error leaves `start` as it is."""

    def run(self) -> None:
        raise NotImplementedError

    @property
    def alive(self) -> bool:
        thread = self._thread
        return thread is not None and thread.is_alive()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the thread; harmless while it runs, possible again after a stop."""
        with self._lock:
            if self._thread is None:
                self.stopping.clear()
                self.error = None
                self.prepare()
                self._thread = threading.Thread(target=self._guard, name=self.name)
                self._thread.start()

    def ask(self) -> None:
        """Ask the loop to end, and return at once."""
        self.stopping.set()
        self.ring()

    def stop(self) -> None:
        """Return when the thread has ended; twice, or before any start: harmless."""
        with self._lock:
            self.ask()
            if self._thread is not None:
                self._thread.join()
                self._thread = None

    def ring(self) -> None:
        """End the `rest` that is going on, or the next one."""
        self._bell.set()

    def rest(self, seconds: float) -> None:
        """Wait until somebody rings or asks to stop, at most so long."""
        if self._bell.wait(max(0.0, seconds)):
            self._bell.clear()
        if self.stopping.is_set():  # after the clear: a stop asked for meanwhile is not lost
            self._bell.set()

    def _guard(self) -> None:
        try:
            self.run()
        except BaseException as error:  # noqa: BLE001  the end of the line: the main thread must hear of anything
            self._fail(error)
        else:
            if not self.stopping.is_set():
                self._fail(RuntimeError(f"{self.name} ended without being asked to"))

    def _fail(self, error: BaseException) -> None:
        self.error = error
        self.failed.set()
