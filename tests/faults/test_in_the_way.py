"""Somebody's transaction stands in the way of a load: it is tried again until it gets through."""

import datetime as dt
from collections.abc import Mapping

import pytest

from giddyup_watch.store import connection
from tests.daemon.running import get
from tests.faults import sessions
from tests.faults.conftest import FLAT, SEGMENTS, Stage
from tests.server import command

pytestmark = pytest.mark.failure(line=23)

#: Uncommitted: whoever wants to record this segment, or that it failed, has to wait for its end.
RECORD_OF_FLAT = (
    "INSERT INTO racing.ledger_segments (region, code, month, state)"
    " VALUES ('gb', 'flat', '2024-05-01', 'due')"
)


def test_one_segment_does_not_keep_the_others_from_being_loaded(stage: Stage) -> None:
    with (
        sessions.in_the_way(stage.url, RECORD_OF_FLAT) as other,
        stage.daemon(database__lock_timeout_ms=100) as daemon,
    ):
        (failed,) = daemon.wait_for("segment_failed")
        assert failed["segment"] == str(FLAT)
        assert "lock timeout" in failed["reason"]
        stage.wait_until_loaded(SEGMENTS - 1)
        other.rollback()
        stage.assert_ends_equal()
        assert not daemon.events("database_lost")


def test_sessions_that_fail_at_once_follow_ever_more_slowly(stage: Stage) -> None:
    with (
        sessions.in_the_way(stage.url, "LOCK TABLE racing.ingest_control") as other,
        stage.daemon(database__lock_timeout_ms=100) as daemon,
    ):
        first, second, third, fourth = map(_moment, daemon.wait_for("database_lost", 4))
        assert fourth - third > second - first
        assert get(f"{daemon.url}/healthz").status == 200
        other.rollback()
        stage.assert_ends_equal()


def _moment(event: Mapping[str, str]) -> dt.datetime:
    return dt.datetime.fromisoformat(event["timestamp"])


@pytest.mark.slow
def test_a_deadlock(stage: Stage) -> None:
    """The daemon began to wait first, so it is the one that the server looks at and ends."""
    stage.load()
    stage.correct()
    name = connection.parse_url(stage.url)["dbname"]
    with sessions.session(stage.url) as administrator:
        administrator.execute(command("ALTER DATABASE {} SET deadlock_timeout = '3s'", name))
    days = "LOCK TABLE racing.ledger_days IN EXCLUSIVE MODE"
    with sessions.in_the_way(stage.url, days) as other, stage.daemon() as daemon:
        sessions.wait_until_blocked(stage.url, "upsert_ledger_days")
        other.execute("LOCK TABLE racing.runners IN EXCLUSIVE MODE")
        (failed,) = daemon.wait_for("segment_failed")
        assert "deadlock" in failed["reason"]
        other.rollback()
        stage.assert_ends_equal()
