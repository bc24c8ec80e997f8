"""Two daemons on one database: one works, the other takes over when the first cannot."""

import os
import signal
from pathlib import Path

import pytest

from tests.daemon.running import get
from tests.faults import sessions
from tests.faults.conftest import Stage
from tests.wait import wait_until

TAKEOVER_SECONDS = 5


@pytest.mark.failure(line=20)
def test_it_loses_its_session_in_the_middle_of_a_load(stage: Stage) -> None:
    """And comes back at once: one of the two goes on, never both."""
    with (
        sessions.in_the_way(stage.url, sessions.LAST_LOCK) as other,
        stage.daemon() as first,
        stage.daemon() as second,
    ):
        sessions.wait_until_blocked(stage.url)
        (standby,) = second.wait_for("daemon_standby")
        assert "giddyup-watch active " in standby["active"]
        assert (first.metric("active"), second.metric("active")) == (1, 0)
        assert get(f"{second.url}/readyz").status == 200

        sessions.end_daemons(stage.url, "active")
        first.wait_for("database_back")
        other.rollback()
        stage.assert_ends_equal()
        assert sorted((first.metric("active"), second.metric("active"))) == [0, 1]
        assert not first.events("lock_busy") + second.events("lock_busy")


@pytest.mark.failure(line=30)
def test_it_is_killed_in_the_middle_of_a_load(stage: Stage) -> None:
    with (
        sessions.in_the_way(stage.url, sessions.LAST_LOCK) as other,
        stage.daemon() as first,
        stage.daemon() as second,
    ):
        sessions.wait_until_blocked(stage.url)
        second.wait_for("daemon_standby")
        first.kill()
        wait_until(lambda: second.events("daemon_active"), TAKEOVER_SECONDS)
        other.rollback()
        stage.assert_ends_equal()


@pytest.mark.failure(line=30)
def test_it_is_frozen_like_a_machine_that_hangs(stage: Stage) -> None:
    """Its session is ended meanwhile: when it wakes, it finds another at work."""
    with stage.daemon() as first, stage.daemon() as second:
        stage.assert_ends_equal()
        second.wait_for("daemon_standby")
        os.kill(first.pid, signal.SIGSTOP)
        try:
            sessions.end_daemons(stage.url, "active")
            wait_until(lambda: second.events("daemon_active"), TAKEOVER_SECONDS)
            stage.correct()
            stage.assert_ends_equal()
        finally:
            os.kill(first.pid, signal.SIGCONT)
        first.wait_for("daemon_standby")
        stage.correct()
        stage.assert_ends_equal()
        assert (first.metric("active"), second.metric("active")) == (0, 1)
        assert len(first.events("database_lost")) == 1


@pytest.mark.failure(line=30)
def test_it_is_frozen_and_its_session_stays(stage: Stage) -> None:
    """The lock is still its own, so nobody takes over; awake, it goes on where it was."""
    with (
        sessions.in_the_way(stage.url, sessions.LAST_LOCK) as other,
        stage.daemon() as first,
        stage.daemon() as second,
    ):
        sessions.wait_until_blocked(stage.url)
        second.wait_for("daemon_standby")
        os.kill(first.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: _is_frozen(first.pid))
            other.rollback()
            for _ in range(3):
                _wait_until_tried(other)
            assert not second.events("daemon_active")
            assert stage.count("racing.ledger_segments") == 0
        finally:
            os.kill(first.pid, signal.SIGCONT)
        stage.assert_ends_equal()
        assert (first.metric("active"), second.metric("active")) == (1, 0)
        assert not first.events("database_lost") + second.events("lock_busy")


def _is_frozen(pid: int) -> bool:
    """Whether each of its threads stands still: the signal only asks them to."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in threads)


def _wait_until_tried(looking: sessions.Session) -> None:
    """Wait until the one that stands by has asked for the lock once more."""

    def last() -> object:
        looking.rollback()  # or it would see the same moment again
        return looking.execute(
            "SELECT query_start FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'giddyup-watch standby%'"
        ).fetchone()

    before = last()
    wait_until(lambda: last() != before)
