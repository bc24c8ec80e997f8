"""The composition root: makes the parts, joins them, and watches over them until a signal."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from functools import partial

import structlog

from giddyup_watch import settings
from giddyup_watch.daemon import summary, systemd
from giddyup_watch.daemon.parts import Parts
from giddyup_watch.errors import ConfigError, GiddyupError
from giddyup_watch.logs import Event
from giddyup_watch.settings import Settings
from giddyup_watch.store import embedded

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
#: The supervision tick is a signal too, of the process's own timer: sigtimedwait would time out,
#: but Python makes up a signal when the process was frozen (SIGSTOP) past the end of its wait.
TICK = signal.SIGALRM
SIGNALS = STOP_SIGNALS | {signal.SIGHUP, TICK}
#: Seconds between two looks at the services; their heartbeats go to systemd with it.
TICK_SECONDS = 1.0
#: The same until systemd is told that the daemon is ready, and while the services are stopping.
START_TICK_SECONDS = 0.1
STOP_TICK_SECONDS = 0.1
#: Seconds that the segment in hand gets after the first signal.
STOP_SECONDS = 60.0
#: Seconds between two switches of Python threads: with the default of 5 ms an
#: answer to a scrape takes 93 ms while another thread parses CSV, with this 25.
SWITCH_SECONDS = 0.001
EXIT_BUG = 70

log = structlog.get_logger(__name__)


def run(given: Settings, load: Callable[[], Settings]) -> int:
    """Run until a signal or a failure; the exit code. `load` reads the settings again."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before there is any thread
    sys.setswitchinterval(SWITCH_SECONDS)
    with ExitStack() as stack:
        extender = systemd.Extender()
        stack.callback(extender.stop)
        extender.start()
        server = _server(given)
        stack.enter_context(server())  # an embedded one runs as long as we do
        parts = Parts(given, server, load=load, socket=settings.socket_path())
        stack.callback(parts.close)
        for service in (parts.web, *parts.loops):
            stack.enter_context(service)
        log.info(Event.DAEMON_STARTED, url=parts.web.urls[0], master=str(given.master.tree))
        extender.stop()
        code = _Main(parts).until_the_end()
        extender.start()
        return code


def _server(given: Settings) -> Callable[[], AbstractContextManager[str]]:
    url = given.database.url
    if url == settings.EMBEDDED:
        return partial(embedded.server, settings.state_dir(), progress=_progress)
    return lambda: nullcontext(url)


def _progress(text: str) -> None:
    log.info(Event.DATABASE_NOT_READY, reason=text)


class _Main:
    """What the main thread does while the others work."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def until_the_end(self) -> int:
        signal.setitimer(signal.ITIMER_REAL, START_TICK_SECONDS, START_TICK_SECONDS)
        while not self._parts.failed.is_set():
            got = signal.Signals(signal.sigwait(SIGNALS))
            self._tick()
            if got == signal.SIGHUP:
                self._reload()
            elif got in STOP_SIGNALS:
                log.info(Event.DAEMON_STOPPING, signal=got.name)
                return self._stop(0, got)
        return self._stop(self._explain_failure(), signal.SIGTERM)

    def _tick(self) -> None:
        """Systemd kills a daemon with a loop that makes no progress; Restart= does the rest."""
        view = self._parts.view()
        said = [f"STATUS={summary.line(view)}"]
        if not view.stalls:
            said.append("WATCHDOG=1" if self._parts.ready else systemd.MORE_TIME)
        if view.settled and not self._parts.ready:
            self._parts.ready = True
            said.append("READY=1")
            signal.setitimer(signal.ITIMER_REAL, TICK_SECONDS, TICK_SECONDS)
        systemd.notify(*said)

    def _explain_failure(self) -> int:
        """Say which service failed and why; the exit code that says so too."""
        code = EXIT_BUG
        for service in (self._parts.web, *self._parts.loops):
            error = service.error
            if isinstance(error, GiddyupError):
                code = error.exit_code
                said = {"reason": error.message, "hint": error.hint}
                log.critical(Event.SERVICE_FAILED, service=service.name, **said)
            elif error is not None:
                log.critical(Event.SERVICE_FAILED, service=service.name, exc_info=error)
        return code

    def _stop(self, code: int, signum: int) -> int:
        """Let the loops end in their own time, but not longer than the deadline."""
        systemd.notify("STOPPING=1")
        for service in self._parts.loops:
            service.ask()
        deadline = time.monotonic() + STOP_SECONDS
        signal.setitimer(signal.ITIMER_REAL, STOP_TICK_SECONDS, STOP_TICK_SECONDS)
        while any(service.alive for service in self._parts.loops):
            again = signal.sigwait(STOP_SIGNALS | {TICK})
            if again in STOP_SIGNALS or time.monotonic() >= deadline:
                self._leave(128 + (again if again in STOP_SIGNALS else signum))
            left = summary.stopping(self._parts.view(), deadline - time.monotonic())
            systemd.notify(f"STATUS={left}", systemd.MORE_TIME)
        log.info(Event.DAEMON_STOPPED, exit_code=code)
        return code

    def _leave(self, code: int) -> None:
        """Leave at once: the database rolls back what is under way."""
        busy = [service.name for service in self._parts.loops if service.alive]
        log.warning(Event.DAEMON_STOPPED, exit_code=code, unfinished=busy)
        sys.stderr.flush()
        os._exit(code)

    def _reload(self) -> None:
        with suppress(ConfigError):  # it has said so, and changed nothing
            self._parts.reload()
