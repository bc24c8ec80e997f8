"""Somebody else holds the ingest lock: nothing is written, it is named, and then work goes on."""

import json
import time

import pytest

from giddyup_watch.demo import tree
from tests.conftest import LOCK_ID
from tests.faults import sessions
from tests.faults.conftest import SEGMENTS, WORLD, Stage, command
from tests.wait import wait_until

pytestmark = pytest.mark.failure(line=21)

#: From the moment it lets go to the first run of ours.
GO_ON_SECONDS = 2.0
#: In the session of whoever ends a run: as `DISCARD ALL` of a pooler does.
EMPTIES_THE_SESSION = (
    "CREATE FUNCTION racing.emptied() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN PERFORM pg_advisory_unlock_all(); RETURN NEW; END $$;"
    "CREATE TRIGGER emptied BEFORE UPDATE ON racing.etl_runs FOR EACH ROW"
    " EXECUTE FUNCTION racing.emptied()"
)
LOCK = f"SELECT pg_advisory_lock({LOCK_ID})"


def test_nothing_is_written_until_it_lets_go(stage: Stage) -> None:
    with sessions.in_the_way(stage.url, LOCK) as other, stage.daemon() as daemon:
        pid = other.info.backend_pid
        (busy,) = daemon.wait_for("lock_busy")
        assert f"{sessions.NAME} (pid {pid}," in busy["holder"]

        tree.build(stage.master, WORLD, tree.segments(["2024-04"]))
        wait_until(lambda: daemon.metric("queue_depth") == 2 * SEGMENTS)  # it goes on watching
        assert daemon.metric("lock_held") == 0

        told = json.loads(command(daemon, "status", "--json").stdout)
        assert told["lock_holder"]["application"] == sessions.NAME
        assert told["lock_holder"]["pid"] == pid
        assert [one["role"] for one in told["daemons"]] == ["active"]
        assert f"lock      {sessions.NAME} (pid {pid}" in command(daemon, "status").stdout

        assert stage.facts() == {}
        assert stage.count("racing.etl_runs") == 0

        let_go = time.monotonic()
        other.close()
        wait_until(lambda: stage.count("racing.etl_runs"))
        assert time.monotonic() - let_go < GO_ON_SECONDS
        stage.assert_ends_equal()
        assert len(daemon.events("lock_busy")) == 1
    assert stage.count("racing.etl_runs", "status <> 'success'") == 0


def test_it_is_no_longer_ours_when_it_is_given_back(stage: Stage) -> None:
    """As behind a pooler that empties sessions: what unlock answers is an error that is told."""
    with sessions.session(stage.url) as owner:
        owner.execute(EMPTIES_THE_SESSION)
        with stage.daemon() as daemon:
            (lost,) = daemon.wait_for("database_lost")
            assert f"lock {LOCK_ID} was not held by this session" in lost["reason"]
            assert "a pooler in transaction mode loses session locks" in lost["hint"]
            owner.execute("DROP TRIGGER emptied ON racing.etl_runs")
            daemon.wait_for("database_back")
            stage.correct()
            stage.assert_ends_equal()


def test_between_runs_it_is_free_for_others(stage: Stage) -> None:
    with stage.daemon() as daemon:
        stage.assert_ends_equal()
        with sessions.in_the_way(stage.url, LOCK):  # at once, or this waits for ever
            stage.correct()
            daemon.wait_for("lock_busy")
            assert daemon.stop() == 0
    with stage.daemon():
        stage.assert_ends_equal()
