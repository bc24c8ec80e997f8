"""The shape of a log line, and that no secret is in one."""

import io
import json
import logging
import re
import warnings
from typing import Any

import pytest
import structlog

from giddyup_watch import logs

pytestmark = pytest.mark.usefixtures("logging_restored")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_json_line_has_time_level_event_and_data() -> None:
    out = io.StringIO()
    logs.configure("info", "auto", stream=out)
    structlog.stdlib.get_logger("here").info(logs.Event.SEGMENT_INGESTED, days=("a", "b"), rows=3)
    (line,) = lines(out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "event": "segment_ingested",
        "logger": "here",
        "days": ["a", "b"],
        "rows": 3,
    }


def test_a_terminal_gets_text_for_eyes() -> None:
    out = Terminal()
    logs.configure("info", "auto", stream=out)
    structlog.stdlib.get_logger("here").info(logs.Event.LOCK_BUSY, holder="psql")
    assert "lock_busy" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_the_standard_library_and_warnings_take_the_same_way() -> None:
    out = io.StringIO()
    logs.configure("info", "json", stream=out)
    logging.getLogger("somebody").warning("hello %s", "you")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("careful", stacklevel=1)
    first, second = lines(out)
    assert (first["event"], first["logger"], first["level"]) == ("hello you", "somebody", "warning")
    assert "careful" in second["event"]


def test_libraries_that_chatter_are_silent_below_warning() -> None:
    out = io.StringIO()
    logs.configure("debug", "json", stream=out)
    logging.getLogger("watchdog.observers.inotify_buffer").debug("in-event")
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("uvicorn.error").error("broken")
    assert [line["event"] for line in lines(out)] == ["broken"]


def test_the_level_can_be_changed_for_loggers_already_used() -> None:
    out = io.StringIO()
    log = structlog.stdlib.get_logger("here")
    logs.configure("warning", "json", stream=out)
    log.info(logs.Event.RUN_STARTED)
    logs.configure("info", "json", stream=out)
    log.info(logs.Event.RUN_FINISHED)
    assert [line["event"] for line in lines(out)] == ["run_finished"]


def test_secrets_are_nowhere_in_a_line_and_it_stays_json() -> None:
    out = io.StringIO()
    secret = 'quo"te\\ü'
    logs.configure("info", "json", secrets=(secret, ""), stream=out)
    log = structlog.stdlib.get_logger("here")
    failure = ValueError(f"cannot connect with {secret}")
    nested = {"urls": [f"x:{secret}@y"]}
    log.error(logs.Event.DATABASE_LOST, error=failure, nested=nested, exc_info=failure)
    (line,) = lines(out)
    assert line["error"] == "cannot connect with ********"
    assert line["nested"] == {"urls": ["x:********@y"]}
    assert "ValueError: cannot connect with ********" in line["exception"]
    assert secret not in json.dumps(line, ensure_ascii=False).replace("\\\\", "\\")


def test_events_are_past_tense_words_in_snake_case() -> None:
    assert {str(event) for event in logs.Event} >= {
        "daemon_started",
        "segment_changed",
        "settings_reloaded",
        "lock_busy",
    }
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", event) for event in logs.Event)
