"""The monitor in a running daemon: rounds, gauges, events, and what comes in between."""

import datetime as dt
import threading
import time
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path

import pytest

from giddyup_watch import metrics
from giddyup_watch.daemon.checking.herald import SAID
from giddyup_watch.daemon.parts import Parts
from giddyup_watch.demo import edits, writers
from giddyup_watch.gaps import checks
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import connection, incidents
from tests.daemon.monitored import OFTEN, SOON, WORLD, Monitored, a_race, monitored, race_of
from tests.daemon.running import given, running
from tests.daemon.test_worker import Plain, session
from tests.faults import sessions
from tests.faults.test_restored_database import BRITISH_FLAT
from tests.flow import loading
from tests.server import Server
from tests.wait import wait_until

COUNTS = "runner_count_mismatch"
LAST = "check_last_success_timestamp_seconds"
#: A race with a result has more runners than it says; more so; as before.
MISCOUNT = """
UPDATE racing.races SET ran = ran + 50
WHERE race_id = (SELECT max(race_id) FROM racing.runners WHERE pos_num = 1)
"""
WORSE = "UPDATE racing.races SET ran = ran + 50 WHERE ran > 50"
REPAIR = "UPDATE racing.races SET ran = ran % 50 WHERE ran > 50"


def test_every_check_has_its_metrics() -> None:
    assert sorted(check.name for check in checks.registered()) == sorted(metrics.CHECKS)


def test_what_is_well_has_no_gaps(recent: Path, loaded: str) -> None:
    with monitored(recent, loaded, **OFTEN) as daemon:
        daemon.one_more_round()
        assert not daemon.events("gap_opened") + daemon.events("check_failed")
        assert {name: daemon.gaps(name) for name in metrics.CHECKS} == dict.fromkeys(
            metrics.CHECKS, 0
        )


def test_a_gap_is_told_within_an_interval_and_when_it_is_repaired(
    recent: Path, loaded: str, other: Plain
) -> None:
    with monitored(recent, loaded, **OFTEN) as daemon:
        assert daemon.gaps(COUNTS) == 0
        other.execute(MISCOUNT)
        (opened,) = daemon.wait_for("gap_opened", timeout=SOON)
        assert (opened["check"], opened["log_level"]) == (COUNTS, "warning")
        assert {"gap_id", "key", "finding", "hint", "day"} <= opened.keys()
        wait_until(lambda: daemon.gaps(COUNTS) == 1)
        daemon.one_more_round()
        assert len(daemon.events("gap_opened")) == 1, "said once, however long it lasts"
        other.execute(REPAIR)
        (resolved,) = daemon.wait_for("gap_resolved", timeout=SOON)
        assert resolved["key"] == opened["key"]
        wait_until(lambda: daemon.gaps(COUNTS) == 0)
        assert daemon.value("check_duration_seconds_count", check=COUNTS) > 3
        assert abs(daemon.value(LAST, check=COUNTS) - time.time()) < 60


def test_what_somebody_knows_of_is_not_counted_until_it_changes(
    recent: Path, loaded: str, other: Plain
) -> None:
    with (
        monitored(recent, loaded, **OFTEN) as daemon,
        closing(connection.connect(loaded, application_name="ack")) as conn,
    ):
        other.execute(MISCOUNT)
        wait_until(lambda: daemon.gaps(COUNTS) == 1)
        (gap,) = incidents.unresolved(conn)
        assert incidents.acknowledge(conn, gap.gap_id, "asked the scraper's owner")
        wait_until(lambda: daemon.gaps(COUNTS) == 0)
        other.execute(WORSE)
        (changed,) = daemon.wait_for("gap_changed")
        assert changed["gap_id"] == gap.gap_id
        wait_until(lambda: daemon.gaps(COUNTS) == 1)


def test_many_gaps_at_once_are_summed_up(recent: Path, loaded: str, other: Plain) -> None:
    with monitored(recent, loaded, **OFTEN) as daemon:
        many = SAID + 5
        other.execute(
            "UPDATE racing.runners SET horse_id = NULL"
            " WHERE runner_id IN (SELECT runner_id FROM racing.runners LIMIT %s)",
            [many],
        )
        (summed,) = daemon.wait_for("gaps_summarized")
        assert (summed["what"], summed["count"]) == ("gap_opened", many)
        assert summed["checks"] == {"unresolved_horses": many}
        assert len(daemon.events("gap_opened")) == SAID
        wait_until(lambda: daemon.gaps("unresolved_horses") == many)


def test_an_ingest_is_followed_by_a_round_at_once(recent: Path, loaded: str) -> None:
    with monitored(recent, loaded) as daemon:
        key, card, race = a_race(recent)
        ran, race["ran"] = race["ran"], "99"
        writers.RenameWriter(recent).replace(key, card)
        daemon.wait_for("gap_opened", timeout=SOON)
        wait_until(lambda: daemon.gaps(COUNTS) == 1, SOON)
        race["ran"] = ran
        writers.RenameWriter(recent).replace(key, card)
        daemon.wait_for("gap_resolved", timeout=SOON)
        wait_until(lambda: daemon.gaps(COUNTS) == 0, SOON)


def test_the_ingests_of_others_are_heard_of(recent: Path, loaded: str) -> None:
    with monitored(recent, loaded) as daemon:
        daemon.parts.watcher.stop()  # it does not see the change, somebody else does
        key, card, race = a_race(recent)
        race["ran"] = "99"
        writers.RenameWriter(recent).replace(key, card)
        loading.load(loaded, recent)
        daemon.wait_for("gap_opened", timeout=SOON)


def test_a_correction_of_long_ago_is_looked_at_and_a_first_load_is_not(
    recent: Path, loaded: str
) -> None:
    key = SegmentKey("gb", "flat", "2024-06")
    card = WORLD.day("gb", "flat", dt.date(2024, 6, 15))
    first, second = (race_of(card, race_key) for race_key in edits.resulted(card)[:2])
    with monitored(recent, loaded, **OFTEN) as daemon:
        first["ran"] = "99"
        writers.RenameWriter(recent).replace(key, card)
        daemon.wait_for("segment_ingested")
        daemon.one_more_round()
        assert daemon.gaps(COUNTS) == 0
        second["ran"] = "99"
        writers.RenameWriter(recent).replace(key, card)
        wait_until(lambda: daemon.gaps(COUNTS) == 2, SOON)
        daemon.one_more_round()
        assert daemon.gaps(COUNTS) == 2, "open at any age"


def test_a_check_that_fails_is_said_and_stops_no_other(
    recent: Path, loaded: str, other: Plain
) -> None:
    with monitored(recent, loaded, **OFTEN) as daemon:
        other.execute("ALTER TABLE racing.runners RENAME COLUMN win_bsp TO bsp")
        (failed,) = daemon.wait_for("check_failed", timeout=SOON)
        assert (failed["check"], failed["log_level"]) == ("missing_prices", "error")
        assert "win_bsp" in failed["reason"]
        wait_until(lambda: daemon.asked("missing_prices", "failed") >= 1)
        last = daemon.value(LAST, check="missing_prices")
        daemon.one_more_round(COUNTS)
        assert daemon.value(LAST, check="missing_prices") == last
        assert len(daemon.events("check_failed")) == 1
        other.execute("ALTER TABLE racing.runners RENAME COLUMN bsp TO win_bsp")
        wait_until(lambda: daemon.value(LAST, check="missing_prices") > last)


def test_while_the_tree_is_gone_nothing_is_said_of_it(recent: Path, loaded: str) -> None:
    folder = {"region": "gb", "code": "flat"}
    with monitored(recent, loaded, **OFTEN) as daemon:
        wait_until(lambda: daemon.asked("not_loaded") > 0)
        recent.rename(recent.with_name("aside"))
        daemon.wait_for("tree_lost")
        daemon.one_more_round()
        skipped, asked = daemon.asked("not_loaded", "skipped"), daemon.asked("not_loaded")
        daemon.one_more_round()
        assert daemon.asked("not_loaded", "skipped") > skipped
        assert daemon.asked("not_loaded") == asked
        assert daemon.value("coverage_ratio", **folder) == 1
        recent.with_name("aside").rename(recent)
        wait_until(lambda: daemon.asked("not_loaded") > asked)
        assert not daemon.events("gap_opened")


def test_coverage_and_age(recent: Path, loaded: str, other: Plain) -> None:
    folder = {"region": "gb", "code": "jumps"}
    with monitored(recent, loaded, **OFTEN) as daemon:
        wait_until(lambda: daemon.value("coverage_ratio", **folder) == 1)
        days, newest = _days(other)
        told = daemon.value("data_newest_race_timestamp_seconds", **folder)
        assert dt.datetime.fromtimestamp(told, dt.UTC).date() == newest
        other.execute(
            "DELETE FROM racing.races WHERE region = 'GB' AND race_type <> 'Flat'"
            " AND race_date = %s",
            [newest],
        )
        wait_until(lambda: daemon.value("coverage_ratio", **folder) == 1 - 1 / days)
        assert daemon.value("data_newest_race_timestamp_seconds", **folder) < told


@pytest.mark.long
def test_the_server_goes_away_and_comes_back(recent: Path, own_postgres: Server) -> None:
    with own_postgres.database() as url, running(recent, url, **OFTEN) as started:
        daemon = Monitored(started.parts, started.logs)
        daemon.wait_for("run_finished")
        with session(url) as other:
            other.execute(MISCOUNT)
        wait_until(lambda: daemon.gaps(COUNTS) == 1)
        own_postgres.stop()  # a crash would lose what a test's server has not written yet
        daemon.wait_for("database_lost")
        daemon.wait_for("monitor_interrupted")
        asked = daemon.asked(COUNTS)
        assert daemon.gaps(COUNTS) == 1
        own_postgres.start()
        wait_until(lambda: daemon.asked(COUNTS) > asked, 60)
        assert daemon.gaps(COUNTS) == 1
        assert len(daemon.events("monitor_interrupted")) == 1
        assert len(daemon.told("gap_opened", COUNTS)) == 1


@pytest.mark.long
def test_its_session_is_ended(recent: Path, loaded: str) -> None:
    with monitored(recent, loaded, **OFTEN) as daemon:
        sessions.end_daemons(loaded, "monitor")
        daemon.wait_for("monitor_interrupted")
        daemon.one_more_round()
        assert not daemon.events("database_lost")


def test_after_the_worker_reconnects_everything_is_asked_again(
    recent: Path, loaded: str, other: Plain
) -> None:
    with monitored(recent, loaded) as daemon:
        other.execute(MISCOUNT)
        sessions.end_daemons(loaded, "active")
        daemon.wait_for("gap_opened")


def test_only_the_active_daemon_checks(recent: Path, loaded: str, other: Plain) -> None:
    with monitored(recent, loaded, **OFTEN) as first, ExitStack() as stack:
        other.execute(MISCOUNT)
        wait_until(lambda: first.gaps(COUNTS) == 1)
        parts = Parts(given(recent, loaded, **OFTEN), lambda: nullcontext(loaded))
        second = Monitored(parts, first.logs)  # both log to the same place
        for service in parts.loops:
            stack.enter_context(service)
        first.wait_for("daemon_standby")
        first.one_more_round()
        assert (second.asked(COUNTS), second.gaps(COUNTS)) == (0, 0)
        first.parts.worker.stop()
        first.wait_for("daemon_active", 2)
        first.parts.worker.start()
        first.wait_for("daemon_standby", 2)
        new, old = second, first
        wait_until(lambda: (new.gaps(COUNTS), old.gaps(COUNTS)) == (1, 0))
        folder = {"region": "gb", "code": "flat"}
        wait_until(lambda: new.value("coverage_ratio", **folder) == 1)
        assert old.value("coverage_ratio", **folder) == 0
        asked = old.asked(COUNTS)
        new.one_more_round()
        assert old.asked(COUNTS) == asked
        assert len(first.events("gap_opened")) == 1


def test_a_segment_that_a_restore_lost_is_put_right_without_a_hand(
    recent: Path, loaded: str, other: Plain
) -> None:
    with monitored(recent, loaded, **OFTEN) as daemon:
        before = other.execute("SELECT count(*) FROM racing.runners").fetchone()
        with other.transaction():
            for table, where in BRITISH_FLAT.items():
                other.execute(f"DELETE FROM {table} WHERE {where}".encode())
        daemon.wait_for("segment_ingested")
        daemon.one_more_round()
        wait_until(lambda: sum(map(daemon.gaps, metrics.CHECKS)) == 0)
        assert other.execute("SELECT count(*) FROM racing.runners").fetchone() == before
        opened, resolved = (len(daemon.events(name)) for name in ("gap_opened", "gap_resolved"))
        assert opened == resolved


def test_not_while_rows_of_others_wait_for_the_backfill(
    recent: Path, loaded: str, other: Plain
) -> None:
    other.execute("UPDATE racing.ingest_control SET adoption_due = true")
    with running(recent, loaded, **OFTEN) as started:
        daemon = Monitored(started.parts, started.logs)
        daemon.wait_for("database_not_ready")
        beat = daemon.value("heartbeat_timestamp_seconds", component="monitor")
        wait_until(lambda: daemon.value("heartbeat_timestamp_seconds", component="monitor") > beat)
        assert daemon.asked(COUNTS) == 0
        other.execute("UPDATE racing.ingest_control SET adoption_due = false")
        wait_until(lambda: daemon.asked(COUNTS) > 0)


def test_new_settings_are_followed_at_once(recent: Path, loaded: str, other: Plain) -> None:
    with monitored(recent, loaded) as daemon:
        other.execute(MISCOUNT)
        daemon.parts.change(given(recent, loaded, gaps__window_days=8))
        wait_until(lambda: daemon.gaps(COUNTS) == 1)
        other.execute(REPAIR)
        daemon.parts.change(given(recent, loaded, **OFTEN))
        wait_until(lambda: daemon.gaps(COUNTS) == 0)


def test_started_and_stopped_again_and_again(recent: Path, loaded: str) -> None:
    with monitored(recent, loaded, **OFTEN) as daemon:
        monitor = daemon.parts.monitor

        def hammer() -> None:
            for _ in range(10):
                monitor.start()
                monitor.stop()

        threads = [threading.Thread(target=hammer) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        assert (monitor.error, daemon.events("check_failed")) == (None, [])
        monitor.start()
        daemon.one_more_round()


@pytest.mark.parametrize("table", ["racing.data_gaps", "racing.runners"])
def test_a_stop_ends_the_statement_that_is_running(
    recent: Path, loaded: str, other: Plain, table: str
) -> None:
    waits = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND application_name = 'giddyup-watch monitor' AND datname = current_database()"
    )
    with monitored(recent, loaded, **OFTEN) as daemon:
        other.execute("BEGIN")
        other.execute(f"LOCK TABLE {table}".encode())
        wait_until(lambda: other.execute(waits).fetchone() == (1,))
        began = time.monotonic()
        daemon.parts.monitor.stop()
        assert time.monotonic() - began < 2
        other.execute("ROLLBACK")
        assert not daemon.events("check_failed")


def _days(other: Plain) -> tuple[int, dt.date]:
    row = other.execute(
        "SELECT count(DISTINCT race_date), max(race_date) FROM racing.races"
        " WHERE region = 'GB' AND race_type <> 'Flat'"
    ).fetchone()
    assert row is not None
    return row[0], row[1]
