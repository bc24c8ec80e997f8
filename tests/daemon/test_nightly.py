"""The nightly proof in a running daemon: when it begins, what it finds, how that is repaired."""

import datetime as dt
import threading
import time
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from giddyup_watch.daemon.checking.nightly import ANEW, due_anew, slices
from giddyup_watch.daemon.nights import last_due
from giddyup_watch.demo import edits, writers
from giddyup_watch.ingest import run
from giddyup_watch.model import Rules, SegmentKey
from giddyup_watch.store import connection
from tests.conftest import LOCK_ID
from tests.daemon.monitored import OFTEN, SOON, Monitored, a_race, monitored
from tests.daemon.running import given
from tests.daemon.test_worker import Plain
from tests.wait import wait_until

LONDON = ZoneInfo("Europe/London")
NIGHT = {"gaps__verify_at": "00:00"}
DRIFT = "count_mismatch"
#: No check of race rows reads it.
CHANGE = """
UPDATE racing.runners SET lbs = coalesce(lbs, 0) + 1
WHERE runner_id = (SELECT max(runner_id) FROM racing.runners WHERE pos_num = 1)
"""


@pytest.mark.parametrize(
    ("now", "at", "due"),
    [
        ("2024-06-14T12:00+01:00", "04:00", "2024-06-14T04:00+01:00"),
        ("2024-06-14T03:59+01:00", "04:00", "2024-06-13T04:00+01:00"),
        ("2024-06-14T23:30+00:00", "00:15", "2024-06-15T00:15+01:00"),
        # The clocks go forward at one: half past one is not shown, and counts as half past two.
        ("2024-03-31T02:29+01:00", "01:30", "2024-03-30T01:30+00:00"),
        ("2024-03-31T02:31+01:00", "01:30", "2024-03-31T02:30+01:00"),
        # They go back at two: half past one is shown twice, and counts the first time.
        ("2024-10-27T01:29+01:00", "01:30", "2024-10-26T01:30+01:00"),
        ("2024-10-27T01:31+01:00", "01:30", "2024-10-27T01:30+01:00"),
        ("2024-10-27T01:31+00:00", "01:30", "2024-10-27T01:30+01:00"),
        ("2024-10-28T01:29+00:00", "01:30", "2024-10-27T01:30+01:00"),
    ],
)
def test_a_night_begins_when_the_clocks_show_it(now: str, at: str, due: str) -> None:
    found = last_due(dt.time.fromisoformat(at), LONDON, dt.datetime.fromisoformat(now))
    assert found == dt.datetime.fromisoformat(due)


def test_a_month_is_compared_as_a_whole_and_a_year_where_proofs_are_remembered() -> None:
    names = ["gb/flat/2024-05", "ire/flat/2024-06", "gb/flat/2024-06", "gb/jumps/2023-12"]
    keys = list(map(SegmentKey.parse, names))
    assert slices(keys, []) == [[keys[2], keys[1]], [keys[0]], [keys[3]]]
    assert slices(keys, keys) == [[keys[2], keys[1], keys[0]], [keys[3]]]
    assert slices(keys, keys[:1] + keys[2:]) == [[keys[2], keys[0]], [keys[1]], [keys[3]]]


def test_each_month_is_compared_line_by_line_once_in_so_many_nights() -> None:
    nights = [
        dt.datetime(2024, 6, 14, 4, tzinfo=LONDON) + dt.timedelta(night) for night in range(ANEW)
    ]
    for month in ("2024-06", "2024-07", "1999-12"):
        keys = [SegmentKey("gb", code, month) for code in ("flat", "jumps")]
        due = [[due_anew(key, night) for night in nights] for key in keys]
        assert due[0] == due[1]
        assert sum(due[0]) == 1


def test_what_was_not_compared_since_the_time_is_compared_once(
    recent: Path, loaded: str, other: Plain
) -> None:
    with monitored(recent, loaded, **NIGHT) as daemon:
        (finished,) = daemon.wait_for("verify_finished")
        assert finished["log_level"] == "info"
        assert daemon.wait_for("verify_started")[0]["segments"] == finished["equal"] > 1
        wait_until(lambda: proven(daemon) > 0)
    with monitored(recent, loaded, **NIGHT, **OFTEN) as daemon:
        wait_until(lambda: proven(daemon) > 0)  # as the database says
        daemon.one_more_round()
        assert not daemon.events("verify_started")
        other.execute("UPDATE racing.verified_segments SET verified_at = now() - interval '2 days'")
        daemon.one_more_round()
        assert not daemon.events("verify_started"), "that night's is done"
        daemon.parts.change(given(recent, loaded, gaps__verify_at="00:01", **OFTEN))
        (again,) = daemon.wait_for("verify_finished")
        assert again["equal"] == finished["equal"]


def test_a_row_changed_behind_its_back_opens_a_gap_that_force_repairs(
    recent: Path, loaded: str, other: Plain
) -> None:
    other.execute(CHANGE)
    with monitored(recent, loaded, **NIGHT) as daemon:
        (finished,) = daemon.wait_for("verify_finished")
        assert (finished["different"], finished["log_level"]) == (1, "warning")
        (opened,) = daemon.wait_for("gap_opened", timeout=SOON)
        assert (opened["check"], opened["severity"]) == (DRIFT, "critical")
        assert "lbs" in opened["finding"]
        force(loaded, recent, SegmentKey.parse(opened["key"]))
        daemon.wait_for("gap_resolved", timeout=SOON)
        wait_until(lambda: daemon.gaps(DRIFT) == 0)


def test_what_somebody_repaired_in_the_database_is_found_so(
    recent: Path, loaded: str, other: Plain
) -> None:
    other.execute(CHANGE)
    with monitored(recent, loaded, **NIGHT, **OFTEN) as daemon:
        daemon.wait_for("gap_opened")
        other.execute(CHANGE.replace("+ 1", "- 1"))
        daemon.wait_for("gap_resolved", timeout=SOON)


def test_never_means_never(recent: Path, loaded: str) -> None:
    with monitored(recent, loaded, gaps__verify_at="", **OFTEN) as daemon:
        daemon.one_more_round()
        assert not daemon.events("verify_started")
        assert proven(daemon) == 0


def test_a_proof_that_fails_is_said_and_the_rounds_go_on(
    recent: Path, loaded: str, other: Plain
) -> None:
    other.execute("ALTER TABLE racing.verified_segments RENAME TO elsewhere")
    with monitored(recent, loaded, **NIGHT, **OFTEN) as daemon:
        daemon.wait_for("check_failed")
        daemon.one_more_round()
        assert "verify" in {entry["check"] for entry in daemon.events("check_failed")}
        assert not daemon.parts.failed.is_set()


def test_while_segments_wait_to_be_loaded_the_proof_and_the_monitor_rest(
    recent: Path, loaded: str, other: Plain
) -> None:
    other.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
    key, card, _ = a_race(recent)
    edits.correct_result(card, edits.resulted(card)[0])
    writers.TruncateWriter(recent).rewrite(key, card)
    with monitored(recent, loaded, **NIGHT) as daemon:
        daemon.wait_for("lock_busy")
        worked, since = processor_seconds("monitor"), time.monotonic()
        wait_until(lambda: time.monotonic() > since + 1.0)
        assert processor_seconds("monitor") - worked < 0.25
        assert not daemon.events("verify_started")
        other.execute("SELECT pg_advisory_unlock(%s)", [LOCK_ID])
        daemon.wait_for("verify_finished")


def processor_seconds(name: str) -> float:
    """Processor time that the thread of that name has taken."""
    (thread,) = (one for one in threading.enumerate() if one.name == name)
    assert thread.ident is not None
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


def proven(daemon: Monitored) -> float:
    return daemon.value("verify_last_success_timestamp_seconds")


def force(url: str, master: Path, key: SegmentKey) -> None:
    """What `ingest --force` does."""
    keys = iter([key])
    with closing(connection.connect(url, application_name="force")) as conn:
        session = run.Session(conn, master, Rules(), LOCK_ID, orphan_seconds=0.0)
        run.turn(session, run.Request("cli", force=True), lambda: next(keys, None), lambda _: None)
