"""The daemon on a real tree and a real database, while things happen to both."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
import pytest

from giddyup_watch.daemon.parts import Parts
from giddyup_watch.daemon.state import heartbeat
from giddyup_watch.demo import edits, writers
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import control, migrate
from giddyup_watch.store.connection import Connection
from tests import server
from tests.conftest import LOCK_ID, TEMPLATE, migrated
from tests.daemon.running import given, running
from tests.server import Server, command
from tests.wait import wait_until

FLAT = SegmentKey("gb", "flat", "2024-06")
SEGMENTS = 4

Plain = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def session(url: str) -> Iterator[Plain]:
    """Somebody else's connection."""
    with closing(psycopg.connect(server.as_owner(url), autocommit=True)) as conn:
        yield conn


def races(url: str) -> int:
    with session(url) as conn:
        row = conn.execute("SELECT count(*) FROM racing.races").fetchone()
        assert row is not None
        return int(row[0])


def correct(master: Path, key: SegmentKey = FLAT) -> None:
    """Change a result on disk."""
    card = edits.read(master, key)
    edits.correct_result(card, edits.resulted(card)[0])
    writers.RenameWriter(master).replace(key, card)


def test_loads_what_is_there_and_what_changes(racing: Path, database: str) -> None:
    with running(racing, database) as daemon:
        daemon.wait_for("segment_ingested", SEGMENTS)
        (first,) = daemon.wait_for("run_finished")
        assert (first["trigger"], first["status"]) == ("startup", "success")
        correct(racing)
        _, second = daemon.wait_for("run_finished", 2)
        assert second["trigger"] in ("watch", "rescan")
        assert second["runners_updated"] == 2
        change = daemon.events("segment_ingested")[-1]
        assert (change["segment"], change["runners_updated"]) == (str(FLAT), 2)
        assert 0 < change["lag_seconds"] < 10
        assert daemon.is_ready
        folder = {"region": "gb", "code": "flat"}
        assert daemon.value("ingests_total", result="loaded", **folder) == 2
        assert daemon.value("ingest_rows_total", table="runners", effect="updated") == 2
        assert daemon.value("ingest_last_success_timestamp_seconds", **folder) > 0
        assert daemon.value("active") == daemon.value("db_up") == 1
    assert races(database) > 0


def test_a_second_start_writes_nothing(racing: Path, database: str) -> None:
    with running(racing, database) as daemon:
        daemon.wait_for("run_finished")
    with running(racing, database) as daemon:
        daemon.wait_for("segment_unchanged", SEGMENTS)
        wait_until(lambda: daemon.value("queue_depth") == 0)
        assert not daemon.events("run_started")
    with session(database) as conn:
        assert conn.execute("SELECT count(*) FROM racing.etl_runs").fetchone() == (1,)


def test_an_empty_database_is_migrated(racing: Path, empty_database: str) -> None:
    with running(racing, empty_database) as daemon:
        daemon.wait_for("run_finished")
        assert daemon.events("database_migrated")
        assert daemon.is_ready
    assert races(empty_database) > 0


def test_migrations_due_are_named_and_waited_for(racing: Path, empty_database: str) -> None:
    first, *_ = migrate.available()
    with session(empty_database) as conn:
        migrate.apply(conn, LOCK_ID, migrations=[first])
    with running(racing, empty_database) as daemon:
        wait_until(lambda: "due: 0002_ledger" in daemon.problem("migrations"))
        assert daemon.value("ready", condition="migrations") == 0
        assert not daemon.is_ready
        (said,) = daemon.wait_for("database_not_ready")
        assert said["hint"] == "giddyup-watch migrate"
        assert daemon.get("/healthz").status == 200
        with session(empty_database) as conn:
            migrate.apply(conn, LOCK_ID)
        daemon.wait_for("segment_ingested", SEGMENTS)
        assert daemon.is_ready


def test_rows_of_others_are_left_alone_until_the_backfill(racing: Path, database: str) -> None:
    with session(database) as conn:
        conn.execute("SELECT racing.ensure_month('2024-06-01')")
        conn.execute(
            "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
            " VALUES ('theirs', '2024-06-01', 'GB', 'A race', 'Flat', 5)"
        )
    with running(racing, database) as daemon:
        wait_until(lambda: "has rows" in daemon.problem("adoption"))
        assert not daemon.is_ready
        (said,) = daemon.wait_for("database_not_ready")
        assert "backfill" in said["hint"]
        correct(racing)
        daemon.wait_for("segment_changed")
        assert not daemon.events("segment_ingested")
    assert races(database) == 1


def test_a_newer_database_ends_the_daemon(racing: Path, database: str) -> None:
    with session(database) as conn:
        conn.execute(
            "INSERT INTO racing.schema_migrations (version, name, checksum)"
            " VALUES (9999, 'future', 'x')"
        )
    with running(racing, database) as daemon:
        assert daemon.parts.failed.wait(10)
        error = daemon.parts.worker.error
        assert getattr(error, "exit_code", None) == 78
        assert "newer" in str(error)


@pytest.mark.long
def test_a_foreign_session_holds_the_lock(racing: Path, database: str) -> None:
    with session(database) as foreign:
        foreign.execute("SET application_name = 'somebody else'")
        foreign.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
        with running(racing, database) as daemon:
            (busy,) = daemon.wait_for("lock_busy")
            assert "somebody else" in busy["holder"]
            acquired = {"result": "busy"}
            wait_until(lambda: daemon.value("lock_acquisitions_total", **acquired) >= 2)
            assert races(database) == 0
            assert daemon.value("queue_depth") == SEGMENTS
            foreign.execute("SELECT pg_advisory_unlock(%s)", [LOCK_ID])
            daemon.wait_for("segment_ingested", SEGMENTS)
            assert len(daemon.events("lock_busy")) == 1
            assert daemon.value("lock_wait_seconds_sum") > 0.5


@pytest.mark.long
def test_the_server_goes_away_and_comes_back(racing: Path, own_postgres: Server) -> None:
    with own_postgres.database() as url, running(racing, url) as daemon:
        daemon.wait_for("run_finished")
        own_postgres.stop("immediate")
        daemon.wait_for("database_lost")
        assert daemon.value("db_up") == daemon.value("active") == 0
        assert daemon.problem("database")
        correct(racing)
        daemon.wait_for("segment_changed", 1)
        own_postgres.start()
        daemon.wait_for("database_back", timeout=60)
        daemon.wait_for("run_finished", 2)
        assert len(daemon.events("database_lost")) == 1
        assert daemon.value("db_reconnects_total") == 1
        assert daemon.is_ready
        assert daemon.value("queue_depth") <= SEGMENTS


def test_a_killed_session_is_made_again(racing: Path, database: str) -> None:
    with running(racing, database) as daemon, session(database) as other:
        daemon.wait_for("run_finished")
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'giddyup-watch active%' AND datname = current_database()"
        )
        daemon.wait_for("database_back")
        correct(racing)
        daemon.wait_for("run_finished", 2)


@pytest.mark.long
@pytest.mark.usefixtures("template")
def test_a_database_that_is_dropped_and_restored(racing: Path, postgres: Server) -> None:
    with (
        postgres.database(TEMPLATE) as url,
        postgres.administrator() as admin,
        running(racing, url) as daemon,
    ):
        name = url.rpartition("/")[2].partition("?")[0]
        daemon.wait_for("run_finished")
        admin.execute(command("DROP DATABASE {} WITH (FORCE)", name))
        wait_until(lambda: "does not exist" in daemon.problem("database"))
        admin.execute(command("CREATE DATABASE {}", name))
        wait_until(lambda: "due" in daemon.problem("migrations"), 20)
        with session(url) as other:  # it is empty while it is being restored: left alone
            assert other.execute("SELECT to_regnamespace('racing')").fetchone() == (None,)
        migrated(server.as_owner(url))
        daemon.wait_for("run_finished", 2)
        assert races(url) > 0


def test_what_somebody_did_to_the_database_is_put_right(racing: Path, database: str) -> None:
    interval = {"gaps__interval_seconds": 1}
    with running(racing, database, **interval) as daemon, session(database) as other:
        daemon.wait_for("run_finished")
        before = races(database)
        other.execute("DELETE FROM racing.ingested_days WHERE region = 'gb' AND code = 'flat'")
        daemon.wait_for("run_finished", 2)
        days = "SELECT count(*) > 0 FROM racing.ingested_days WHERE region = 'gb' AND code = 'flat'"
        assert other.execute(days).fetchone() == (True,)
        assert races(database) == before


def test_two_daemons_on_one_database(racing: Path, database: str) -> None:
    with running(racing, database) as first:
        first.wait_for("daemon_active")
        second = Parts(given(racing, database), lambda: nullcontext(database))
        with second.worker:
            (waiting,) = first.wait_for("daemon_standby")  # both log to the same place
            assert "giddyup-watch active" in waiting["active"]
            first.parts.worker.stop()
            first.wait_for("daemon_active", 2, timeout=5)


def test_says_in_the_database_what_it_is_doing(racing: Path, database: str) -> None:
    names = (
        "SELECT application_name FROM pg_stat_activity"
        " WHERE application_name LIKE 'giddyup-watch %%' AND datname = current_database()"
    )
    with running(racing, database) as daemon, session(database) as other:
        daemon.wait_for("run_finished")
        wanted = ("giddyup-watch active inotify queue=0",)
        wait_until(lambda: wanted in other.execute(names.replace("%%", "%")).fetchall())
        assert daemon.value("queue_oldest_timestamp_seconds") == 0


@pytest.mark.long
def test_pause_keeps_watching_and_loads_nothing(
    racing: Path, database: str, conn: Connection
) -> None:
    with running(racing, database) as daemon:
        daemon.wait_for("run_finished")
        control.pause(conn)
        daemon.wait_for("paused")
        correct(racing)
        daemon.wait_for("segment_changed")
        wait_until(lambda: daemon.value("queue_depth") == 1)
        assert daemon.value("paused") == 1
        control.resume(conn)
        daemon.wait_for("resumed")
        daemon.wait_for("run_finished", 2)


@pytest.mark.long
def test_cancel_parks_what_is_left_and_resume_takes_it_up(
    racing: Path, database: str, conn: Connection
) -> None:
    with session(database) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE racing.courses IN EXCLUSIVE MODE")
        with running(racing, database, database__lock_timeout_ms=60_000) as daemon:
            run_id = wait_until(lambda: control.cancel(conn), 20)
            other.execute("COMMIT")
            (finished,) = daemon.wait_for("run_finished")
            assert (finished["run_id"], finished["status"]) == (run_id, "canceled")
            wait_until(lambda: daemon.value("queue_depth") == 0)
            assert len(daemon.events("segment_ingested")) < SEGMENTS
            control.resume(conn)
            daemon.wait_for("segment_ingested", SEGMENTS)


def test_the_tree_goes_away_and_comes_back(racing: Path, database: str) -> None:
    with running(racing, database) as daemon:
        daemon.wait_for("run_finished")
        aside = racing.with_name("aside")
        racing.rename(aside)
        daemon.wait_for("tree_lost")
        assert "master directory" in daemon.problem("tree")
        correct(aside)
        aside.rename(racing)
        daemon.wait_for("tree_back")
        daemon.wait_for("run_finished", 2)
        assert not daemon.events("segment_absent")
        assert daemon.is_ready


def test_an_empty_tree_is_not_taken_for_deletions(racing: Path, database: str) -> None:
    with running(racing, database) as daemon:
        daemon.wait_for("run_finished")
        writers.clear(racing)
        daemon.wait_for("tree_lost")
        looks = daemon.value("rescans_total", reason="poll")
        wait_until(lambda: daemon.value("rescans_total", reason="poll") >= looks + 15)
        assert not daemon.events("segment_absent")


@pytest.mark.long
def test_what_is_gone_is_called_absent_after_a_while(racing: Path, database: str) -> None:
    with running(racing, database, watch__orphan_seconds=2) as daemon:
        daemon.wait_for("run_finished")
        before = races(database)
        folder = racing / "gb" / "flat" / "2024-06"
        shutil.copytree(folder, racing.with_name("copy"))
        shutil.rmtree(folder)
        daemon.wait_for("segment_changed")
        shutil.copytree(racing.with_name("copy"), folder)  # back in time
        daemon.wait_for("segment_unchanged")
        assert not daemon.events("segment_absent")
        shutil.rmtree(folder)
        (gone,) = daemon.wait_for("segment_absent")
        assert gone["segment"] == str(FLAT)
        assert races(database) == before


@pytest.mark.failure(line=18)
def test_a_bad_segment_does_not_keep_the_others_from_being_loaded(
    racing: Path, database: str
) -> None:
    header = racing / "gb" / "flat" / "2024-06" / "races_gb_flat_2024-06.csv"
    good = header.read_bytes()
    header.write_bytes(good.replace(b"race_key", b"key", 1))
    with running(racing, database) as daemon:
        (refused,) = daemon.wait_for("segment_refused")
        assert "race_key" in refused["reason"]
        daemon.wait_for("segment_ingested", SEGMENTS - 1)
        assert daemon.value("ingest_errors_total", reason="refused") >= 1
        header.write_bytes(good)
        daemon.wait_for("segment_ingested", SEGMENTS)


def test_rules_can_be_changed_while_it_runs(racing: Path, database: str) -> None:
    with running(racing, database) as daemon:
        daemon.wait_for("run_finished")
        stricter = given(racing, database, ingest__shrink_guard_percent=5)
        daemon.parts.change(stricter)
        wait_until(lambda: len(daemon.events("segment_changed")) >= 2 * SEGMENTS)
        with session(database) as other:
            rules = "SELECT count(*) FROM racing.ledger_segments WHERE rules LIKE '%shrink=5%'"
            wait_until(lambda: other.execute(rules).fetchone() == (SEGMENTS,))


@pytest.mark.long
@pytest.mark.failure(line=25)
@pytest.mark.parametrize("backend", ["inotify", "polling"])
def test_a_loop_that_hangs_turns_the_health_red(
    racing: Path, database: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(racing, database, watch__backend=backend) as daemon, session(database) as other:
        daemon.wait_for("run_finished")
        assert daemon.get("/healthz").status == 200
        monkeypatch.setattr(heartbeat, "LIMITS", {**heartbeat.LIMITS, "ingest": 0.5})
        other.execute("BEGIN")
        other.execute("LOCK TABLE racing.ingest_control")
        wait_until(lambda: daemon.get("/healthz").status == 503)
        assert "worker made no progress" in daemon.get("/healthz").body
        other.execute("ROLLBACK")
        wait_until(lambda: daemon.get("/healthz").status == 200)
