"""Structured logs: for eyes on a terminal, fields in systemd's journal, else JSON on stderr."""

import datetime as dt
import json
import logging
import sys
from collections.abc import Iterable
from enum import StrEnum, auto
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from giddyup_watch import journal, terminal

MASK = "********"

#: Libraries whose own chatter is no event of ours; below this they are silent at every level.
_LIBRARIES = {"uvicorn": logging.ERROR, "watchdog": logging.WARNING, "asyncio": logging.WARNING}


class Event(StrEnum):
    """Every event that is logged: an interface, like the metrics. Data go as keywords."""

    DAEMON_STARTED = auto()
    DAEMON_STOPPING = auto()
    DAEMON_STOPPED = auto()
    DAEMON_ACTIVE = auto()
    DAEMON_STANDBY = auto()
    SERVICE_FAILED = auto()
    SETTINGS_RELOADED = auto()
    SETTINGS_REFUSED = auto()

    SOCKET_UNAVAILABLE = auto()
    ADMIN_REQUEST = auto()
    ADMIN_REFUSED = auto()

    WATCH_STARTED = auto()
    WATCH_DEGRADED = auto()
    EVENTS_LOST = auto()
    EVENTS_MISSED = auto()
    TREE_LOST = auto()
    TREE_BACK = auto()
    STRANGERS_FOUND = auto()

    SEGMENT_CHANGED = auto()
    SEGMENT_INGESTED = auto()
    SEGMENT_UNCHANGED = auto()
    SEGMENT_WAITING = auto()
    SEGMENT_FAILED = auto()
    SEGMENT_HELD = auto()
    SEGMENT_REFUSED = auto()
    SEGMENT_ABSENT = auto()

    RUN_STARTED = auto()
    RUN_FINISHED = auto()
    LOCK_BUSY = auto()
    PAUSED = auto()
    RESUMED = auto()

    DATABASE_LOST = auto()
    DATABASE_BACK = auto()
    DATABASE_MIGRATED = auto()
    DATABASE_NOT_READY = auto()
    VIEWS_REFRESHED = auto()
    VIEWS_FAILED = auto()
    VIEWS_CAUGHT_UP = auto()
    VIEWS_COMPARED = auto()
    VIEWS_NOT_CHANGED_OVER = auto()

    GAP_OPENED = auto()
    GAP_CHANGED = auto()
    GAP_RESOLVED = auto()
    GAPS_SUMMARIZED = auto()
    CHECK_FAILED = auto()
    MONITOR_INTERRUPTED = auto()
    VERIFY_STARTED = auto()
    VERIFY_FINISHED = auto()


def configure(
    level: str = "info",
    style: Literal["auto", "console", "json"] = "auto",
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send structlog's and the standard library's records the same way; again at will.

    `secrets` are replaced wherever they would appear in a value.
    """
    out = stream or sys.stderr
    console = style == "console" or (style == "auto" and out.isatty())
    natively = style == "auto" and journal.leads_to(out)
    handler = (_JournalHandler if natively else logging.StreamHandler)(out)
    handler.setFormatter(_formatter(console, out.isatty(), tuple(secrets)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name, quiet in _LIBRARIES.items():
        logging.getLogger(name).setLevel(quiet)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a re-read of the settings reaches loggers already used
    )


class _JournalHandler(logging.StreamHandler[TextIO]):
    """Sends fields; to the stream goes, as a line, what the journal does not take."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        try:
            journal.send(journal.fields(json.loads(line)))
        except OSError:
            self.stream.write(line + self.terminator)
            self.flush()


def _formatter(
    console: bool, colours: bool, secrets: tuple[str, ...]
) -> structlog.stdlib.ProcessorFormatter:
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=colours)
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            _head,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _Redactor(secrets),
            renderer,
        ],
    )


def _head(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """What every line begins with, ours and the libraries' alike."""
    record: logging.LogRecord = event_dict["_record"]
    created = dt.datetime.fromtimestamp(record.created, dt.UTC)
    return {
        "timestamp": created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "event": event_dict.pop("event"),
        "logger": record.name,
        **event_dict,
    }


class _Redactor:
    """Makes every value plain, without secrets or control characters in it."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
        return {key: self._plain(value) for key, value in event_dict.items()}

    def _plain(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {str(key): self._plain(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._plain(inner) for inner in value]
        text = str(value)
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return terminal.harmless(text)
