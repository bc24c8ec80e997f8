"""A month is rewritten while it is being loaded: a second load follows the first."""

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing.cards import Card
from tests.faults import sessions
from tests.faults.conftest import FLAT, SEGMENTS, Stage
from tests.wait import wait_until


def _rewrite(stage: Stage, card: Card) -> None:
    """In place, as the second writer does."""
    edits.correct_result(card, edits.resulted(card)[0])
    writers.TruncateWriter(stage.master).rewrite(FLAT, card)


@pytest.mark.failure(line=11)
def test_what_was_read_is_loaded_and_then_what_is_there_now(stage: Stage) -> None:
    stage.load()
    with stage.daemon() as daemon:
        wait_until(lambda: daemon.metric("ingests_total") == SEGMENTS)
        with sessions.in_the_way(stage.url, sessions.LAST_LOCK):
            card = stage.card()
            _rewrite(stage, card)
            sessions.wait_until_blocked(stage.url)
            _rewrite(stage, card)
            daemon.wait_for("segment_changed", 2)
        stage.assert_ends_equal()
    # In one run or in two: the second load may begin before the first's run is over.
    loads = daemon.events("segment_ingested")
    assert [one["runners_updated"] for one in loads] == [2, 2]
