"""A month that is parsed again, after some of its lines have changed, is as if parsed at first."""

import datetime as dt
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giddyup_watch.source import content, memory
from giddyup_watch.source.content import Content
from giddyup_watch.source.memory import Memory
from tests.unit import months
from tests.unit.months import RUNNER_HEADER, SHORT_RUNNER_HEADER, Row

FIRST, SECOND = dt.date(2024, 1, 1), dt.date(2024, 1, 2)
THREE_DAYS = [months.race(f"r{n}", 1 + n % 3) for n in range(6)]
FIELDS = [months.runner(race["race_key"], num) for race in THREE_DAYS for num in (1, 2, 3)]
HEADERS = (RUNNER_HEADER, RUNNER_HEADER[::-1], SHORT_RUNNER_HEADER)


def _again(remembered: Memory, races: bytes, runners: bytes) -> Content:
    """Parse with what is remembered, and hold the result against a parse without."""
    seen = months.snapshot_of(races, runners)
    parsed = remembered.parse(seen)
    assert parsed == content.parse(seen)
    return parsed


def _both(before: tuple[bytes, bytes], after: tuple[bytes, bytes]) -> tuple[Memory, Content]:
    remembered = Memory()
    _again(remembered, *before)
    return remembered, _again(remembered, *after)


def _files(runners: Sequence[Row], races: Sequence[Row] = THREE_DAYS) -> tuple[bytes, bytes]:
    return months.races_csv(*races), months.runners_csv(*runners)


def test_only_the_days_that_changed_are_read() -> None:
    changed = [row | {"pos": "9"} if row["race_key"] == "r1" else row for row in FIELDS]
    remembered = Memory()
    remembered.parse(months.snapshot_of(*_files(FIELDS)))
    parsed = remembered.parse(months.snapshot_of(*_files(changed)))
    read = [day.day for day in parsed.days.values() if isinstance(day.races, dict)]
    assert read == [SECOND]
    assert [(len(day.races), day.runners) for day in parsed.days.values()] == [(2, 6)] * 3
    assert parsed.days[FIRST].races["r0"].runner_keys == ("r0-1", "r0-2", "r0-3")


def test_a_line_more_or_less_moves_the_numbers_of_those_behind_it() -> None:
    _, parsed = _both(_files(FIELDS), _files(FIELDS[1:]))
    assert parsed.days[SECOND].races["r1"].runners[0].line == 4


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("other", HEADERS)
def test_columns_may_be_others_than_before(header: Sequence[str], other: Sequence[str]) -> None:
    before = months.races_csv(*THREE_DAYS), months.runners_csv(*FIELDS, header=header)
    _both(before, (before[0], months.runners_csv(*FIELDS, header=other)))


def test_a_key_of_a_day_that_did_not_change_makes_a_duplicate_there() -> None:
    _, parsed = _both(_files(FIELDS), _files([*FIELDS, months.runner("r1", 9, runner_key="r0-1")]))
    assert parsed.duplicates == {"races": 0, "runners": 1}
    assert parsed.days[FIRST].duplicates["runners"] == 1


def test_a_quote_that_is_not_closed_reaches_into_lines_that_are_known() -> None:
    races, runners = _files(FIELDS)
    lines = runners.split(b"\n")
    for number in range(1, len(lines) - 1):
        damaged = [*lines]
        damaged[number] = damaged[number].replace(b"\xc3\x89lan", b'"')
        _both((races, runners), (races, b"\n".join(damaged)))


def test_a_record_of_two_lines_is_never_taken_apart() -> None:
    cell = "two\nr0,lines, of a day"
    spread = [row | {"comment": cell} if row["runner_key"] == "r1-1" else row for row in FIELDS]
    remembered, _ = _both(_files(spread), _files([*spread, months.runner("r2", 9)]))
    _again(remembered, *_files(FIELDS))


def test_a_race_that_passes_to_another_day_takes_its_runners_along() -> None:
    moved = [race | {"date": "2024-01-09"} if race["race_key"] == "r3" else race
             for race in THREE_DAYS]  # fmt: skip
    _, parsed = _both(_files(FIELDS), _files(FIELDS, moved))
    assert parsed.days[dt.date(2024, 1, 9)].runners == 3


def test_months_met_long_ago_are_forgotten() -> None:
    remembered = Memory()
    races, runners = _files([])
    for number in range(memory.MONTHS + 1):
        key = months.KEY.__class__("gb", f"code{number}", months.KEY.month)
        remembered.parse(months.snapshot_of(races, runners, key))
    assert len(remembered) == memory.MONTHS


_DAMAGE = st.sampled_from(
    [b"", b"\n", b'"', b'""', b",", b"\0", b"\xff", b"\r", b" ", b"r0", b"r5,", b"x" * 300, b"-"]
)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), _DAMAGE, st.booleans()), max_size=8),
       st.sampled_from(HEADERS), st.randoms(use_true_random=False))  # fmt: skip
def test_any_sequence_of_versions_is_parsed_as_if_each_were_the_first(
    edits: list[tuple[bool, float, bytes, bool]], header: Sequence[str], chance: random.Random
) -> None:
    remembered = Memory()
    files = [months.races_csv(*THREE_DAYS), months.runners_csv(*FIELDS, header=header)]
    whole = list(files)
    _again(remembered, *files)
    for of_races, where, damage, healed in edits:
        at = 0 if of_races else 1
        head = files[at].index(b"\n") + 1
        place = head + int(where * (len(files[at]) - head))
        files[at] = (
            files[at][:place] + damage + files[at][place + len(damage) * chance.choice((0, 1)) :]
        )
        _again(remembered, *files)
        if healed:
            files = list(whole)
            _again(remembered, *files)
