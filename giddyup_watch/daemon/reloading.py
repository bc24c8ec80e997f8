"""Reads the settings again, for the signal and for whoever asks over HTTP."""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from giddyup_watch import logs, settings
from giddyup_watch.daemon import systemd
from giddyup_watch.errors import ConfigError
from giddyup_watch.http.operations.desk import Reloaded
from giddyup_watch.logs import Event
from giddyup_watch.settings import Settings

log = structlog.get_logger(__name__)


class Changing(Protocol):
    """Whose settings they are."""

    ready: bool

    def change(self, given: Settings) -> None: ...

    def settings_refused(self) -> None: ...


class Reload:
    """`load` reads the settings, `current` are those in force."""

    def __init__(
        self, load: Callable[[], Settings], current: Callable[[], Settings], whose: Changing
    ) -> None:
        self._load = load
        self._current = current
        self._whose = whose
        self._lock = threading.Lock()

    def __call__(self) -> Reloaded:
        """Take over what can change while running; a bad file changes nothing and is raised."""
        with self._lock:
            systemd.reloading()
            try:
                return self._take_over(settings.changes(self._current(), self._load()))
            except ConfigError as error:
                self._refuse(error)
                raise
            finally:
                if self._whose.ready:  # else the start goes on
                    systemd.notify("READY=1")

    def _take_over(self, changes: settings.Changes) -> Reloaded:
        new = changes.settings
        self._whose.change(new)
        logs.configure(new.log.level, new.log.format, secrets=settings.secrets(new))
        log.info(
            Event.SETTINGS_RELOADED,
            applied=list(changes.applied),
            restart_needed=list(changes.restart),
        )
        return Reloaded(changes.applied, changes.restart)

    def _refuse(self, error: ConfigError) -> None:
        self._whose.settings_refused()
        log.error(Event.SETTINGS_REFUSED, reason=error.message, hint=error.hint)
