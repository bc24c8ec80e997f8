"""Runs that somebody asks the daemon for, while it has work of its own."""

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.daemon.state.orders import Orders
from giddyup_watch.errors import LockBusyError, NotServingError, PausedError
from giddyup_watch.http.operations.desk import Accepted, Wanted
from giddyup_watch.store import connection, control, migrate, runs
from giddyup_watch.store.connection import Connection
from tests import server
from tests.conftest import LOCK_ID
from tests.daemon.running import Running, running
from tests.server import Server
from tests.wait import wait_until

pytestmark = pytest.mark.long

JUNE = frozenset(dt.date(2024, 6, day) for day in range(1, 31))
SEGMENTS = 4


def wanted(days: frozenset[dt.date] | None = JUNE, *, force: bool = False) -> Wanted:
    return Wanted("api", ("gb", "ire"), ("flat", "jumps"), days, force=force)


@contextmanager
def in_the_way(url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Let whoever writes races wait until the end of this."""
    with closing(psycopg.connect(server.as_owner(url))) as conn:
        conn.execute("LOCK TABLE racing.races IN SHARE MODE")
        yield conn
        conn.rollback()


def waits_for_the_stone(conn: Connection) -> bool:
    """Whether a segment is in hand."""
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'racing.races'::regclass"
    return conn.execute(waiting).fetchone() is not None


@contextmanager
def placed(daemon: Running, order: Wanted, seconds: float = 10) -> Iterator[Future[Accepted]]:
    """The same from another thread, as a listener does it."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(daemon.parts.orders.place, order, seconds)


def ended(conn: Connection, run_id: int) -> runs.Run:
    def found() -> runs.Run | None:
        there = [run for run in runs.recent(conn, 50) if run.run_id == run_id]
        return there[0] if there and there[0].status != "running" else None

    wait_until(lambda: found() is not None)
    run = found()
    assert run is not None
    return run


def is_over(daemon: Running, run_id: int) -> bool:
    """Whether the next one may come: a moment after the run's row is closed."""
    progress = daemon.parts.orders.progress(run_id)
    return progress is not None and progress.ended


def test_has_a_row_of_its_own(racing: Path, database: str, conn: Connection) -> None:
    with running(racing, database) as daemon:
        daemon.wait_for("run_finished")
        accepted = daemon.parts.orders.place(wanted(force=True), 10)
        run = ended(conn, accepted.run_id)
    assert accepted.scope["trigger"] == "api"
    assert accepted.scope["regions"] == ["gb", "ire"]
    assert accepted.scope["dates"] == sorted(day.isoformat() for day in JUNE)
    assert run.started_at == accepted.started_at
    assert (run.status, run.scope["dates"]) == ("success", accepted.scope["dates"])
    assert run.stats is not None
    assert run.stats["races_unchanged"] > 0


def test_is_taken_between_two_segments_of_the_daemons_own_work(
    racing: Path, database: str, conn: Connection
) -> None:
    with in_the_way(database) as stone, running(racing, database) as daemon:
        wait_until(lambda: daemon.value("ingest_in_progress") == 1)
        with placed(daemon, wanted()) as asked:
            wait_until(lambda: daemon.parts.orders.waiting)
            stone.rollback()
            run_id = asked.result(10).run_id
        run = ended(conn, run_id)
        daemon.wait_for("segment_unchanged", SEGMENTS)  # the rest of its own
    second, first = runs.recent(conn, 50)
    assert second == run
    assert (first.scope["trigger"], run.scope["trigger"]) == ("startup", "api")
    assert len(first.scope["segments"]) == 1
    assert len(run.scope["segments"]) == SEGMENTS - 1


def test_is_withdrawn_when_one_segment_takes_too_long(
    racing: Path, database: str, conn: Connection
) -> None:
    with in_the_way(database) as stone, running(racing, database) as daemon:
        wait_until(lambda: daemon.value("ingest_in_progress") == 1)
        with pytest.raises(NotServingError, match="busy with one segment") as refused:
            daemon.parts.orders.place(wanted(), 0.2)
        assert refused.value.kind == "late"
        stone.rollback()
        daemon.wait_for("segment_ingested", SEGMENTS)
    assert {run.scope["trigger"] for run in runs.recent(conn, 50)} == {"startup"}


def test_one_at_a_time(racing: Path, database: str, conn: Connection) -> None:
    with running(racing, database) as daemon:
        daemon.wait_for("run_finished")
        server.alter(conn, "TRUNCATE racing.ledger_segments, racing.races, racing.runners")
        with in_the_way(database):
            first = daemon.parts.orders.place(wanted(force=True), 10)
            with pytest.raises(LockBusyError, match=f"run {first.run_id}, asked for") as refused:
                daemon.parts.orders.place(wanted(), 10)
            assert f"run {first.run_id}" in refused.value.holder
        run = ended(conn, first.run_id)
        wait_until(lambda: is_over(daemon, first.run_id))
        progress = daemon.parts.orders.progress(first.run_id)
        assert progress is not None
        assert progress.total == len(progress.outcomes) == SEGMENTS
        wait_until(lambda: daemon.value("ingest_in_progress") == 0)
        assert daemon.parts.orders.place(wanted(), 10).run_id > run.run_id
        assert daemon.parts.orders.progress(999) is None


def test_a_foreign_lock_is_named(racing: Path, database: str) -> None:
    with (
        running(racing, database) as daemon,
        closing(psycopg.connect(server.as_owner(database))) as foreign,
    ):
        daemon.wait_for("run_finished")
        foreign.execute("SET application_name = 'somebody else'")
        foreign.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
        with pytest.raises(LockBusyError) as refused:
            daemon.parts.orders.place(wanted(), 10)
        assert "somebody else" in refused.value.holder


def test_not_while_paused(racing: Path, database: str, conn: Connection) -> None:
    with running(racing, database) as daemon:
        daemon.wait_for("run_finished")
        control.pause(conn)
        with pytest.raises(PausedError, match="loading is paused"):
            daemon.parts.orders.place(wanted(), 10)
        control.resume(conn)
        assert daemon.parts.orders.place(wanted(), 10)


def test_cancel_pause_and_stop_end_it_at_a_safe_point(
    racing: Path, database: str, conn: Connection
) -> None:
    """Each while the first of four segments is in hand."""
    with running(racing, database) as daemon:
        daemon.wait_for("run_finished")

        def cut_short(by: str) -> tuple[str, str]:
            server.alter(conn, "TRUNCATE racing.races, racing.runners, racing.ledger_races")
            conn.execute("UPDATE racing.ledger_days SET digest = NULL")
            wait_until(lambda: daemon.value("ingest_in_progress") == 0)
            with in_the_way(database):
                run_id = daemon.parts.orders.place(wanted(force=True), 10).run_id
                wait_until(lambda: waits_for_the_stone(conn))
                if by == "cancel":
                    assert control.cancel(conn) == run_id
                elif by == "pause":
                    control.pause(conn)
                else:
                    daemon.parts.worker.ask()
            run = ended(conn, run_id)
            wait_until(lambda: is_over(daemon, run_id))
            assert len(run.scope["segments"]) == 1
            return run.status, run.error_msg or ""

        assert cut_short("cancel") == ("canceled", "")
        control.resume(conn)
        assert cut_short("pause") == ("canceled", "loading was paused, 3 segments before the end")
        control.resume(conn)
        wait_until(lambda: daemon.value("paused") == 0)
        assert cut_short("stop") == (
            "canceled",
            "the daemon was stopped, 3 segments before the end",
        )
        with pytest.raises(NotServingError) as refused:
            daemon.parts.orders.place(wanted(), 10)
        assert refused.value.kind == "stopping"
        wait_until(lambda: not daemon.parts.worker.alive)


def kind_of_refusal(orders: Orders) -> str:
    with pytest.raises(NotServingError) as refused:
        orders.place(wanted(), 10)
    assert refused.value.hint
    return refused.value.kind


def test_a_standby_says_who_is_active(racing: Path, database: str) -> None:
    with running(racing, database) as first:
        first.wait_for("daemon_active")
        with running(racing, database) as second:
            second.wait_for("daemon_standby")
            wait_until(lambda: kind_of_refusal(second.parts.orders) == "standby")


def test_a_database_that_is_not_ready(racing: Path, empty_database: str) -> None:
    with closing(connection.connect(empty_database, application_name="test")) as conn:
        migrate.apply(conn, LOCK_ID, migrations=migrate.available()[:1])
    with running(racing, empty_database) as daemon:
        wait_until(lambda: kind_of_refusal(daemon.parts.orders) == "not-ready")


def test_a_database_that_is_not_there(racing: Path, own_postgres: Server) -> None:
    with own_postgres.database() as url, running(racing, url) as daemon:
        daemon.wait_for("run_finished")
        own_postgres.stop("immediate")
        daemon.wait_for("database_lost")
        wait_until(lambda: kind_of_refusal(daemon.parts.orders) == "database")
        own_postgres.start()
        daemon.wait_for("database_back", timeout=60)


def test_who_waits_when_the_door_closes_is_told() -> None:
    orders = Orders()
    orders.open()
    orders.wakes(
        lambda: threading.Thread(target=orders.close, args=("stopping", "the end")).start()
    )
    with pytest.raises(NotServingError, match="the end"):
        orders.place(wanted(), 10)


def test_an_order_that_is_all_but_over_is_waited_for() -> None:
    """Its row says that it has ended a moment before the worker can take the next one."""
    orders = Orders()
    orders.open()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(orders.place, wanted(), 10)
        taken = wait_until(orders.take)
        assert taken is not None
        orders.accept(taken, Accepted(1, dt.datetime.now(dt.UTC), {}), total=0)
        assert first.result(10).run_id == 1
        second = pool.submit(orders.place, wanted(), 10)
        with pytest.raises(TimeoutError):
            second.result(0.1)
        orders.end()
        again = wait_until(orders.take)
        assert again is not None
        orders.accept(again, Accepted(2, dt.datetime.now(dt.UTC), {}), total=1)
        assert second.result(10).run_id == 2
        with pytest.raises(LockBusyError):
            orders.place(wanted(), 10)
        orders.end()
