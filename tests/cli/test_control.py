"""`pause`, `resume`, `cancel`: what they leave in the database."""

import datetime as dt
from pathlib import Path

from giddyup_watch.store import control, runs
from giddyup_watch.store.connection import Connection
from tests.cli.conftest import Cli


def test_pause_lasts_until_resume(connected_cli: Cli, conn: Connection) -> None:
    assert connected_cli("pause").out == "Paused.\n"
    assert control.read(conn).paused
    assert connected_cli("resume").out == "Resumed.\n"
    assert not control.read(conn).paused


def test_pause_for_a_time_ends_by_itself(connected_cli: Cli, conn: Connection) -> None:
    assert connected_cli("pause", "--for", "2h").code == 0
    asked = control.read(conn)
    assert asked.paused
    assert asked.paused_until is not None
    left = asked.paused_until - dt.datetime.now(dt.UTC)
    assert dt.timedelta(minutes=118) < left <= dt.timedelta(hours=2)


def test_nothing_is_loaded_while_paused(connected_cli: Cli, conn: Connection, master: Path) -> None:
    connected_cli("pause", "--for", "1h")
    done = connected_cli("backfill", "--master", master)
    assert done.code == 75
    assert "giddyup-watch resume" in done.err
    assert runs.latest(conn) is None


def test_cancel_without_a_run_says_so(connected_cli: Cli) -> None:
    done = connected_cli("cancel")
    assert (done.code, done.out) == (0, "No run is going on.\n")


def test_cancel_asks_the_run_that_is_going_on(connected_cli: Cli, conn: Connection) -> None:
    run_id = runs.start(conn, dt.datetime.now(dt.UTC), {})
    assert connected_cli("cancel").out == f"Run {run_id} was asked to stop.\n"
    assert control.read(conn).cancel_run == run_id
