"""`why` asked again: from memory, and never older than the question."""

import datetime as dt
from collections.abc import Callable

import pytest

from giddyup_watch.demo import edits
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.explain.encode import Encoder
from giddyup_watch.explain.why import answers
from giddyup_watch.explain.why.answers import Answer
from giddyup_watch.explain.why.evidence import Subject
from giddyup_watch.explain.why.memory import Memory
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store import control
from giddyup_watch.store.kept import Kept
from tests.explain.conftest import TERMS
from tests.ingest.conftest import DAY, FLAT, NEXT_DAY, Bench, race, together

Again = Callable[..., Answer]


@pytest.fixture
def again(bench: Bench) -> Again:
    """Asks one memory, which takes files that were just written for files at rest."""
    remembered = Memory(at_rest=-1.0)

    def asked(day: str = DAY, key: SegmentKey = FLAT, of: Memory = remembered) -> Answer:
        subject = Subject(key, dt.date.fromisoformat(day) if day else None)
        now = dt.datetime.now(dt.UTC)
        (answer,) = answers.answer(bench.session, TERMS, now, [subject], of)
        return answer

    bench.put(FLAT, together(race("a", ("a1", "a2")), race("b", ("b1",), day=NEXT_DAY)))
    bench.load(FLAT)
    return asked


def test_nothing_is_read_again_while_nothing_changed(again: Again) -> None:
    first, second = again(), again()
    assert second.conclusion == first.conclusion
    assert second.evidence.runs is first.evidence.runs
    assert second.evidence.now > first.evidence.now


def test_another_day_of_the_segment_needs_no_other_parsing(again: Again) -> None:
    again()
    assert again(NEXT_DAY).evidence.disk.snapshot is again("").evidence.disk.snapshot is not None


def test_what_is_kept_of_the_files_is_not_their_content(again: Again) -> None:
    again()
    kept = again().evidence.disk
    assert kept.snapshot is not None
    assert kept.parsed is not None
    assert (kept.snapshot.races, kept.snapshot.runners) == (b"", b"")
    (day,) = kept.parsed.days.values()
    assert [(one.cells, len(one.runners)) for one in day.races.values()] == [((), 2)]


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("UPDATE racing.runners SET pos_raw = '9' WHERE runner_key = 'a2'", "drift"),
        ("DELETE FROM racing.runners WHERE runner_key = 'a1'", "rows_deleted"),
        ("UPDATE racing.horses SET horse_name = horse_name || ' II'", "drift"),
        ("UPDATE racing.courses SET course_name = course_name || ' Park'", "drift"),
        ("DELETE FROM racing.ingested_days", "no_daemon"),
        ("UPDATE racing.ingest_control SET adoption_due = true", "adoption_due"),
    ],
)
def test_what_somebody_wrote_is_seen_at_once(
    bench: Bench, again: Again, statement: str, verdict: str
) -> None:
    assert again().conclusion.verdict == again().conclusion.verdict == "loaded"
    bench.alter(statement)
    assert again().conclusion.verdict == verdict


@pytest.mark.usefixtures("again")
def test_digests_of_runners_outlive_what_is_written_elsewhere(bench: Bench) -> None:
    kept: Kept[bytes] = Kept(10)
    parsed = Memory().look(bench.session, FLAT, None).parsed
    assert parsed is not None
    races = [race for day in parsed.days.values() for race in day.races.values()]

    def digests(of: Kept[bytes] | None) -> list[bytes]:
        encoder = Encoder(bench.conn, bench.rules.off_times, of)
        encoder.learn(FLAT, races)
        return [encoder.runners(race) for race in races]

    first = digests(kept)
    bench.alter("UPDATE racing.horses SET horse_name = upper(horse_name)")
    assert all(one is before for one, before in zip(digests(kept), first, strict=True))
    assert digests(None) == first
    bench.alter("UPDATE racing.horses SET horse_name = horse_name || ' II'")
    assert digests(kept) == digests(None) != first


def test_a_change_of_the_files_is_seen_at_once(bench: Bench, again: Again) -> None:
    assert again().conclusion.verdict == "loaded"
    card: Card = bench.card(FLAT)
    edits.field_of(card, "a")[0]["pos"] = "7"
    bench.put(FLAT, card)
    assert again().conclusion.verdict == "no_daemon"


def test_files_that_are_gone_are_gone_at_once(bench: Bench, again: Again) -> None:
    assert again().conclusion.verdict == "loaded"
    layout.paths(bench.master, FLAT).races.unlink()
    assert again().conclusion.verdict == "absent"


def test_other_rules_are_another_question(bench: Bench, again: Again) -> None:
    assert again().conclusion.verdict == "loaded"
    bench.rules = type(bench.rules)(off_times="24h")
    assert again().conclusion.verdict == "no_daemon"


def test_a_pause_counts_from_now_on(bench: Bench, again: Again) -> None:
    assert again().evidence.around.control == control.read(bench.conn)
    control.pause(bench.conn)
    asked = again().evidence.around.control
    assert asked is not None
    assert asked.paused


def test_files_that_changed_a_moment_ago_are_not_kept(bench: Bench, again: Again) -> None:
    """A second change within one tick of the file system's clock would leave no trace."""
    remembered = Memory(at_rest=3600.0)
    first = again(of=remembered)
    assert again(of=remembered).evidence.runs is not first.evidence.runs
