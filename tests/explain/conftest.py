"""The bench of the ingest tests, and questions about what lies on it."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.explain.why import answers, document
from giddyup_watch.explain.why.answers import Answer
from giddyup_watch.explain.why.evidence import Subject
from giddyup_watch.explain.why.memory import Memory
from giddyup_watch.gaps.check import Terms
from giddyup_watch.model import SegmentKey
from tests.ingest.conftest import CODES, FLAT, REGIONS, SMALL, Bench, bench, other_session

__all__ = ["bench", "other_session"]

TERMS = Terms(
    zone=ZoneInfo("Europe/London"),
    regions=REGIONS,
    codes=CODES,
    window_days=7,
    grace=dt.timedelta(minutes=60),
    stale=dt.timedelta(hours=36),
    blank_days=frozenset({"12-24", "12-25"}),
)

#: Asks why a segment, or a day of it, is as it is.
Why = Callable[..., Answer]


@pytest.fixture
def month(bench: Bench) -> Card:
    """A loaded month of GB flat racing."""
    bench.put(FLAT, SMALL.month(FLAT))
    assert bench.load(FLAT).result == "loaded"
    return bench.card(FLAT)


@pytest.fixture
def why_(bench: Bench) -> Why:
    """The one answer about a segment, or a day of it; `now` is the clock's unless given.

    It is asked twice of one memory, which takes files that were just written for
    files at rest, and once of none: all have to say the same.
    """
    remembered = Memory(at_rest=-1.0)

    def asked(key: SegmentKey, day: str | None = None, now: dt.datetime | None = None) -> Answer:
        subject = Subject(key, dt.date.fromisoformat(day) if day else None)
        moment = now or dt.datetime.now(dt.UTC)
        told = [
            answer
            for kept in (remembered, remembered, None)
            for answer in answers.answer(bench.session, TERMS, moment, [subject], kept)
        ]
        documents = [document.of(one) for one in told]
        assert documents == [documents[-1]] * 3
        return told[-1]

    return asked
