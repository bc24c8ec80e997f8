"""A signal in the middle of a load: the segment in hand is whole or not there at all."""

import os
import signal

from tests.faults import sessions
from tests.faults.conftest import SEGMENTS, Stage

#: Seconds in which a second signal ends the process.
AT_ONCE = 2


def test_the_first_lets_the_segment_be_finished(stage: Stage) -> None:
    with sessions.in_the_way(stage.url, sessions.LAST_LOCK) as other, stage.daemon() as daemon:
        sessions.wait_until_blocked(stage.url)
        os.kill(daemon.pid, signal.SIGTERM)
        daemon.wait_for("daemon_stopping")
        other.rollback()
        assert daemon.wait() == 0
    assert stage.count("racing.ledger_segments", "state = 'loaded'") == 1 < SEGMENTS
    assert stage.count("racing.etl_runs", "status = 'success'") == 1
    sessions.wait_until_lock_is_free(stage.url)
    with stage.daemon():
        stage.assert_ends_equal()


def test_the_second_does_not_wait_for_it(stage: Stage) -> None:
    with sessions.in_the_way(stage.url, sessions.LAST_LOCK), stage.daemon() as daemon:
        sessions.wait_until_blocked(stage.url)
        os.kill(daemon.pid, signal.SIGTERM)
        daemon.wait_for("daemon_stopping")
        os.kill(daemon.pid, signal.SIGTERM)
        assert daemon.wait(AT_ONCE) == 128 + signal.SIGTERM
        sessions.wait_until_lock_is_free(stage.url)
    assert stage.facts() == {}
