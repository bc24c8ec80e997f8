"""The database goes away in the middle of a load: said once, the queue kept, and all made good."""

from typing import Literal

import pytest

from giddyup_watch.demo import tree
from tests.daemon.running import get
from tests.faults import sessions
from tests.faults.conftest import SEGMENTS, WORLD, Stage
from tests.server import REPLICATED, Server
from tests.wait import wait_until

pytestmark = pytest.mark.failure(line=23)


def test_its_session_is_ended(stage: Stage) -> None:
    with sessions.in_the_way(stage.url, sessions.LAST_LOCK) as other, stage.daemon() as daemon:
        sessions.wait_until_blocked(stage.url)
        sessions.end_daemons(stage.url)
        daemon.wait_for("database_back")
        sessions.wait_until_blocked(stage.url)
        other.rollback()
        stage.assert_ends_equal()
        assert len(daemon.events("database_lost")) == len(daemon.events("database_back")) == 1
    assert stage.count("racing.etl_runs", "status = 'failed'") == 1


@pytest.mark.parametrize("mode", [pytest.param("fast", marks=pytest.mark.slow), "immediate"])
def test_the_server_stops_and_starts(
    own_stage: Stage, own_postgres: Server, mode: Literal["fast", "immediate"]
) -> None:
    stage = own_stage
    with sessions.in_the_way(stage.url, sessions.LAST_LOCK), stage.daemon() as daemon:
        sessions.wait_until_blocked(stage.url)
        own_postgres.stop(mode)
        daemon.wait_for("database_lost")
        assert get(f"{daemon.url}/healthz").status == 200
        ready = get(f"{daemon.url}/readyz")
        assert ready.status == 503
        assert not ready.document["checks"]["database"]["ok"]

        stage.correct()
        tree.build(stage.master, WORLD, tree.segments(["2024-04"]))
        wait_until(lambda: daemon.metric("queue_depth") == 2 * SEGMENTS)
        assert daemon.metric("db_up") == daemon.metric("active") == 0

        own_postgres.start()
        daemon.wait_for("database_back")
        stage.assert_ends_equal()
        assert get(f"{daemon.url}/readyz").status == 200
        assert len(daemon.events("database_lost")) == len(daemon.events("database_back")) == 1
        assert daemon.metric("db_reconnects_total") == 1
        assert daemon.stop() == 0


@pytest.mark.slow
def test_it_comes_back_read_only(own_stage: Stage, own_postgres: Server) -> None:
    """A primary that was made a standby: nothing is lost, and nothing written, until it is one."""
    stage = own_stage
    own_postgres.stop()
    own_postgres.start(**REPLICATED)
    with sessions.in_the_way(stage.url, sessions.LAST_LOCK), stage.daemon() as daemon:
        sessions.wait_until_blocked(stage.url)
        own_postgres.stop()
        (own_postgres.folder / "standby.signal").touch()
        own_postgres.start(**REPLICATED)
        tried = daemon.metric("ingest_errors_total")
        wait_until(lambda: daemon.metric("ingest_errors_total") > tried + 1, 60)
        ready = get(f"{daemon.url}/readyz")
        assert "read-only" in ready.document["checks"]["database"]["problem"]
        assert get(f"{daemon.url}/healthz").status == 200
        stage.correct()
        wait_until(lambda: daemon.metric("queue_depth") == SEGMENTS)
        own_postgres.promote()
        daemon.wait_for("database_back")
        stage.assert_ends_equal()
        assert len(daemon.events("database_lost")) == len(daemon.events("database_back")) == 1
