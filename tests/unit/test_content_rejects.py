"""The rules for rows: which lines are rejected, where they are counted, and which one wins."""

import datetime as dt
from collections.abc import Callable, Iterable

import pytest

from giddyup_watch.errors import SegmentRefusedError
from giddyup_watch.model import Reject, SegmentKey
from giddyup_watch.source import cells, tables
from giddyup_watch.source.content import Content
from tests.unit import months
from tests.unit.months import Row

FIRST, SECOND = dt.date(2024, 1, 1), dt.date(2024, 1, 2)
GOOD = months.race("good", 1)


def parse(races: Iterable[Row], runners: Iterable[Row] = ()) -> Content:
    return months.parse_rows([*races, GOOD], runners)


def all_rejects(parsed: Content) -> list[Reject]:
    return [*parsed.rejects, *(reject for day in parsed.days.values() for reject in day.rejects)]


def only_reject(parsed: Content) -> Reject:
    (reject,) = all_rejects(parsed)
    return reject


@pytest.mark.parametrize("column", ["region", "course", "race_name", "type", "race_key"])
@pytest.mark.parametrize("empty", ["", " - "])
def test_a_race_without_a_required_cell_is_rejected_on_its_day(column: str, empty: str) -> None:
    reject = only_reject(parse([months.race(day=2) | {column: empty}]))
    assert (reject.table, reject.line, reject.day, reject.column) == ("races", 2, SECOND, None)
    assert reject.reason == f"{column} is empty"
    assert reject.value.startswith("2024-01-02,")
    assert reject.counts


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ("", "date is empty"),
        ("2024-02-01", "date is outside 2024-01"),
        ("2023-12-31", "date is outside 2024-01"),
        ("2024-01-32", "date is outside 2024-01"),
        ("01/01/2024", "date is not a date like 2024-01-31"),
        ("20240101", "date is not a date like 2024-01-31"),
        ("2024-1-1", "date is not a date like 2024-01-31"),
        ("2024-W01-1", "date is not a date like 2024-01-31"),
        ("2024-01-01T00:00", "date is not a date like 2024-01-31"),
        ("\u0662\u0660\u0662\u0664-01-01", "date is not a date like 2024-01-31"),
    ],
)
def test_a_race_without_a_date_of_the_month_is_rejected_without_a_day(
    date: str, reason: str
) -> None:
    parsed = parse([months.race(date=date)])
    assert (only_reject(parsed).day, only_reject(parsed).reason) == (None, reason)
    assert parsed.rejects == [only_reject(parsed)]
    assert list(parsed.days) == [FIRST]


@pytest.mark.parametrize(
    ("month", "day"), [("2024-02", "29"), ("2023-02", "28"), ("2024-12", "31")]
)
def test_the_last_day_of_a_month_is_one_of_it(month: str, day: str) -> None:
    race = months.race(date=f"{month}-{day}")
    parsed = months.parse_rows([race], [], SegmentKey("gb", "flat", month))
    assert [d.isoformat() for d in parsed.days] == [f"{month}-{day}"]


def test_a_region_that_contradicts_the_folder_is_rejected() -> None:
    reject = only_reject(parse([months.race(region="IRE")]))
    assert (reject.reason, reject.value) == ("region is not that of the folder gb", "IRE")
    assert reject.day == FIRST
    assert not all_rejects(parse([months.race(region="gb")]))


@pytest.mark.parametrize("column", ["race_key", "course", "type"])
def test_a_required_name_that_no_index_can_hold_is_rejected(column: str) -> None:
    fits = months.race() | {column: "x" * cells.MAX_NAME}
    assert not all_rejects(parse([fits]))
    reject = only_reject(parse([months.race() | {column: "x" * (cells.MAX_NAME + 1)}]))
    assert reject.reason == f"{column} is longer than 200 characters"
    assert reject.value == "x" * 200


@pytest.mark.parametrize(
    ("key", "reason"),
    [("", "runner_key is empty"), ("x" * 201, "runner_key is longer than 200 characters")],
)
def test_a_runner_without_a_usable_key_is_rejected_on_the_day_of_its_race(
    key: str, reason: str
) -> None:
    reject = only_reject(parse([], [months.runner("good", runner_key=key)]))
    assert (reject.table, reject.day, reject.reason) == ("runners", FIRST, reason)
    assert reject.counts


@pytest.mark.parametrize(
    ("race_key", "reason"), [("nobody", "no race has its race_key"), ("-", "race_key is empty")]
)
def test_a_runner_without_a_race_is_rejected_without_a_day(race_key: str, reason: str) -> None:
    reject = only_reject(parse([], [months.runner(race_key)]))
    assert (reject.day, reject.reason, reject.counts) == (None, reason, True)


def test_runners_of_a_rejected_race_do_not_count_and_share_its_day() -> None:
    parsed = parse(
        [months.race("bad", day=2, region="IRE")], [months.runner("bad"), months.runner("bad", 2)]
    )
    of_race, *of_runners = parsed.days[SECOND].rejects
    assert of_race.counts
    assert [(r.reason, r.value, r.counts) for r in of_runners] == [
        ("its race was rejected", "bad", False)
    ] * 2
    assert parsed.days[SECOND].lines == {"races": 1, "runners": 2}


def test_runners_of_a_race_without_a_readable_date_do_not_count_either() -> None:
    parsed = parse([months.race("bad", date="?")], [months.runner("bad")])
    assert [(r.table, r.counts) for r in parsed.rejects] == [("races", True), ("runners", False)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line.replace(b"Standard", b"Stand\xffard"),
        lambda line: line.replace(b"Standard", b"Stand\0ard"),
        lambda line: line.replace(b"Standard", b"Standard,,"),
        lambda line: line.replace(b",Standard", b""),
    ],
    ids=["not UTF-8", "NUL", "too many fields", "too few fields"],
)
@pytest.mark.parametrize("key_first", [False, True])
def test_runners_of_a_race_whose_line_is_damaged_do_not_count(
    damage: Callable[[bytes], bytes], key_first: bool
) -> None:
    header = sorted(months.RACE_HEADER, key=lambda name: name != "race_key")
    races = months.races_csv(
        months.race("bad"), GOOD, header=header if key_first else months.RACE_HEADER
    )
    head, line, rest = races.split(b"\n", 2)
    parsed = months.parse(
        b"\n".join((head, damage(line), rest)), months.runners_csv(months.runner("bad"))
    )
    assert [(r.table, r.day, r.counts) for r in parsed.rejects] == [
        ("races", None, True),
        ("runners", None, False),
    ]


def test_a_line_of_commas_is_a_data_line() -> None:
    commas = b"," * (len(months.RACE_HEADER) - 1) + b"\n"
    reject = only_reject(months.parse(months.races_csv(GOOD) + commas, months.runners_csv()))
    assert (reject.line, reject.reason) == (3, "date is empty")


def test_physical_line_numbers_are_those_an_editor_shows() -> None:
    runners = [months.runner("good", comment="two\nlines"), months.runner("nobody")]
    assert only_reject(parse([], runners)).line == 4


class TestSameKeyTwice:
    def test_the_later_race_wins_and_the_earlier_is_a_duplicate_of_its_own_day(self) -> None:
        parsed = parse(
            [months.race("r", 1, course="Ascot"), months.race("r", 2, course="York")],
            [months.runner("r")],
        )
        assert parsed.days[SECOND].races["r"].course == "York"
        assert parsed.days[SECOND].races["r"].line == 3
        assert "r" not in parsed.days[FIRST].races
        assert parsed.days[FIRST].duplicates == {"races": 1, "runners": 0}
        assert parsed.days[SECOND].duplicates == {"races": 0, "runners": 0}
        assert parsed.days[SECOND].races["r"].runner_keys == ("r-1",)
        assert parsed.duplicates == {"races": 1, "runners": 0}

    def test_the_later_runner_wins_even_for_another_race(self) -> None:
        parsed = parse(
            [months.race("a", 1), months.race("b", 2)],
            [months.runner("a", runner_key="k"), months.runner("b", runner_key="k")],
        )
        assert parsed.days[FIRST].races["a"].runner_keys == ()
        assert parsed.days[SECOND].races["b"].runner_keys == ("k",)
        assert parsed.days[FIRST].duplicates == {"races": 0, "runners": 1}

    def test_a_rejected_line_does_not_win(self) -> None:
        parsed = parse(
            [months.race("r", 1), months.race("r", 1, region="IRE")], [months.runner("r")]
        )
        assert parsed.days[FIRST].races["r"].line == 2
        assert parsed.days[FIRST].races["r"].runner_keys == ("r-1",)
        assert parsed.duplicates == {"races": 0, "runners": 0}

    @pytest.mark.parametrize("count", [2, 5])
    def test_every_earlier_line_is_counted(self, count: int) -> None:
        parsed = parse([months.race("r")] * count, [months.runner("r")] * count)
        assert parsed.duplicates == {"races": count - 1, "runners": count - 1}
        assert parsed.lines["runners"] == count

    def test_a_day_of_which_only_duplicates_are_left_is_still_there(self) -> None:
        parsed = months.parse_rows([months.race("r", 1), months.race("r", 2)], [])
        assert parsed.days[FIRST].races == {}
        assert parsed.days[FIRST].lines == {"races": 1, "runners": 0}


@pytest.mark.parametrize("table", ["races", "runners"])
def test_a_file_of_endless_lines_is_refused(table: str) -> None:
    files: dict[str, bytes] = {"races": months.races_csv(GOOD), "runners": months.runners_csv()}
    files[table] += b"x\n" * (tables.MAX_LINES + 1)
    with pytest.raises(SegmentRefusedError, match=f"{table}.* more than 100,000 lines"):
        months.parse(files["races"], files["runners"])
