"""The table of the bench: ratios, limits, and what is said where nothing can be compared."""

import re
from pathlib import Path

from bench import limits
from bench.lines import Bound, Judged, Line, judge, table

FLOOR = Line("floor", "the floor", "s", [2.0])


def judged(line: Line, *bounds: Bound) -> Judged:
    return judge([FLOOR, line], {line.name: bounds})[1]


def test_a_line_is_divided_by_the_one_it_is_compared_with() -> None:
    assert judged(Line("ours", "we", "s", [9.0, 3.0, 1.0], "floor")).ratio == 1.5


def test_milliseconds_are_divided_by_seconds_as_times() -> None:
    assert judged(Line("ours", "we", "ms", [500.0], "floor")).ratio == 0.25


def test_a_limit_is_kept_up_to_its_number_and_not_beyond() -> None:
    ours = Line("ours", "we", "s", [3.0], "floor")
    assert judged(ours, Bound("ratio", most=1.5)).kept is True
    assert judged(ours, Bound("ratio", most=1.4)).kept is False
    assert judged(ours, Bound("ratio", least=2)).kept is False


def test_every_limit_of_a_line_counts() -> None:
    days = Line("day", "a day", "ms", [100.0] * 45 + [900.0] * 5)
    assert judged(days, Bound("median", most=150)).kept is True
    assert judged(days, Bound("median", most=150), Bound("p95", most=400)).kept is False


def test_nothing_is_said_of_a_ratio_to_a_line_that_was_not_measured() -> None:
    alone = Line("ours", "we", "s", [3.0], "absent")
    assert judged(alone, Bound("ratio", most=1.5)).kept is None


def test_few_samples_have_no_95th_percentile() -> None:
    assert Line("few", "few", "s", [1.0] * 19).p95 is None
    assert Line("many", "many", "s", [1.0] * 20).p95 == 1.0


def test_the_table_is_markdown_that_shows_what_was_not_kept() -> None:
    ours = Line("ours", "what we do", "s", [9.0], "floor")
    lines = list(table(judge([FLOOR, ours], {"ours": [Bound("ratio", most=1.5)]})))
    assert lines[-1] == ("| what we do | ours | 9 s |  | floor | 4.50 | ratio ≤ 1.5 | NOT KEPT |")
    assert {line.count("|") for line in lines} == {9}


def test_the_document_has_every_limit() -> None:
    text = Path(__file__).parents[2].joinpath("docs", "performance.md").read_text()
    section = text.partition("## What must hold\n")[2].partition("\n## ")[0]
    told = {line[1]: line[0] for line in re.finditer(r"^\| `(\w+)` \|.*$", section, re.MULTILINE)}
    for bounds, column in ((limits.FULL, 2), (limits.SMALL, 3)):
        for name in told.keys() | bounds.keys():
            cell = told[name].split("|")[column]
            found = {part.strip() for part in cell.split(",") if part.strip()}
            asked = [str(bound) for bound in bounds.get(name, ())]
            assert len(found) == len(asked), name
            assert all(any(part.startswith(bound) for part in found) for bound in asked), name
