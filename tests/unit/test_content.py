"""What becomes of files that are in order."""

import datetime as dt
import random
from collections.abc import Sequence

import pytest

from giddyup_watch.model import SegmentKey
from giddyup_watch.source import cells
from giddyup_watch.source.content import Content
from tests.unit import months
from tests.unit.months import KEY, RACE_HEADER, RUNNER_HEADER, SHORT_RUNNER_HEADER

FIRST, SECOND = dt.date(2024, 1, 1), dt.date(2024, 1, 2)


def test_a_month_is_days_of_races_with_their_runners() -> None:
    parsed = months.parse_rows(*months.small_month())
    assert parsed.key == KEY
    assert list(parsed.days) == [FIRST, SECOND]
    assert [list(day.races) for day in parsed.days.values()] == [["r1", "r2"], ["r3"]]
    race = parsed.days[FIRST].races["r2"]
    assert (race.line, race.key, race.day) == (3, "r2", FIRST)
    assert (race.course, race.race_type) == ("Kempton (AW)", "Flat")
    assert race.runner_keys == ("r2-1", "r2-2")
    assert [runner.line for runner in race.runners] == [4, 5]
    assert parsed.lines == {"races": 3, "runners": 6}
    assert parsed.keys == {"races": 3, "runners": 6}
    assert parsed.duplicates == {"races": 0, "runners": 0}
    assert (parsed.rejects, parsed.cut_short, parsed.misfiled) == ([], (), 0)


def test_cells_stand_in_our_order_whatever_the_files_order() -> None:
    races, runners = months.small_month()
    plain = months.parse_rows(races, runners)
    shuffled = months.parse(
        months.races_csv(*races, header=RACE_HEADER[::-1]),
        months.runners_csv(*runners, header=RUNNER_HEADER[::-1]),
    )
    for day, theirs in zip(plain.days.values(), shuffled.days.values(), strict=True):
        assert day == theirs
    race = plain.days[FIRST].races["r1"]
    assert [months.cell(race, column.csv) for column in cells.RACE_COLUMNS] == list(race.cells)
    assert months.cell(race, "race_name") == "The Winter Handicap, Division One"
    assert months.cell(race.runners[0], "horse") == "Élan 1 (FR)"
    assert months.cell(race.runners[0], "comment") == 'held up, "never nearer" - stayed on'


@pytest.mark.parametrize("null", ["", " ", "-", " – ", "—", "\u00a0"])  # noqa: RUF001
def test_what_means_nothing_is_an_empty_cell(null: str) -> None:
    parsed = months.parse_rows([months.race(going=null)], [months.runner(jockey=null)])
    race = parsed.days[FIRST].races["r1"]
    assert months.cell(race, "going") == ""
    assert months.cell(race.runners[0], "jockey") == ""


def test_cells_are_stripped_and_otherwise_left_as_they_are() -> None:
    parsed = months.parse_rows([months.race(going=" Good - Soft ")], [])
    assert months.cell(parsed.days[FIRST].races["r1"], "going") == "Good - Soft"


def test_an_empty_horse_is_loaded_for_a_check_to_find() -> None:
    parsed = months.parse_rows([months.race()], [months.runner(horse="")])
    assert len(parsed.days[FIRST].races["r1"].runners) == 1


def test_header_only_files_are_a_month_without_days() -> None:
    parsed = months.parse_rows([], [])
    assert (parsed.days, parsed.lines) == ({}, {"races": 0, "runners": 0})
    assert parsed.agrees(months.claim(0, 0))


@pytest.mark.parametrize(
    ("positions", "resulted"),
    [(["", ""], False), (["", "NR"], False), (["", "PU"], True), (["1", "2"], True)],
)
def test_a_race_is_resulted_once_a_runner_that_ran_has_a_position(
    positions: Sequence[str], resulted: bool
) -> None:
    runners = [months.runner(num=n, pos=pos) for n, pos in enumerate(positions)]
    parsed = months.parse_rows([months.race()], runners)
    assert parsed.days[FIRST].races["r1"].resulted is resulted


@pytest.mark.parametrize(
    ("code", "race_type", "misfiled"),
    [
        ("flat", "Flat", 0),
        ("flat", "flat", 0),
        ("flat", "Hurdle", 1),
        ("jumps", "Hurdle", 0),
        ("jumps", "NH Flat", 0),
        ("jumps", "Flat", 1),
        ("hurdle", "Hurdle", 0),
        ("nh flat", "NH Flat", 0),
        ("hurdle", "Chase", 1),
    ],
)
def test_races_of_another_folder_are_counted(code: str, race_type: str, misfiled: int) -> None:
    key = SegmentKey("gb", code, "2024-01")
    parsed = months.parse_rows([months.race(type_=race_type)], [], key)
    assert parsed.misfiled == misfiled


class TestAgreement:
    def test_lines_or_distinct_keys_match_the_manifest(self) -> None:
        races, runners = months.small_month()
        parsed = months.parse_rows(races, [*runners, runners[0], runners[1]])
        assert (parsed.lines["runners"], parsed.keys["runners"]) == (8, 6)
        assert parsed.agrees(months.claim(3, 8))
        assert parsed.agrees(months.claim(3, 6))
        assert not parsed.agrees(months.claim(3, 7))
        assert not parsed.agrees(months.claim(2, 6))

    def test_rejected_lines_count_too(self) -> None:
        parsed = months.parse_rows([months.race(), months.race("r2", region="IRE")], [])
        assert parsed.agrees(months.claim(2, 0))

    def test_a_line_without_a_key_is_no_key(self) -> None:
        parsed = months.parse_rows([months.race()], [months.runner(), months.runner(runner_key="")])
        assert (parsed.lines["runners"], parsed.keys["runners"]) == (2, 1)

    @pytest.mark.parametrize("table", ["races", "runners"])
    def test_a_file_cut_short_agrees_with_nothing(self, table: str) -> None:
        races, runners = months.small_month()
        files = {"races": months.races_csv(*races), "runners": months.runners_csv(*runners)}
        files[table] = files[table][:-1]
        parsed = months.parse(files["races"], files["runners"])
        assert parsed.cut_short == (table,)
        assert not parsed.agrees(months.claim(3, 6))


class TestDigests:
    def test_they_do_not_depend_on_the_order_of_lines_or_columns(self) -> None:
        races, runners = months.small_month()
        plain = months.parse_rows(races, [*runners, {"runner_key": "x", "race_key": "r1"}])
        rng = random.Random(7)
        for _ in range(20):
            orders = [rng.sample(rows, len(rows)) for rows in (races, runners, RACE_HEADER)]
            header = rng.sample(RUNNER_HEADER, len(RUNNER_HEADER))
            rejected = {"runner_key": "x", "race_key": "r1"}
            mixed = months.parse(
                months.races_csv(*orders[0], header=orders[2]),  # type: ignore[arg-type]
                months.runners_csv(rejected, *orders[1], header=header),  # type: ignore[arg-type]
            )
            assert digests(mixed) == digests(plain)

    @pytest.mark.parametrize("column", [c for c in RACE_HEADER if c != "race_key"])
    def test_every_cell_of_a_race_is_in_them(self, column: str) -> None:
        values = {"date": "2024-01-01", "region": "gb"}
        changed = months.race() | {column: values.get(column, "other")}
        before = months.parse_rows([months.race(day=1)], [])
        after = months.parse_rows([changed], [])
        assert (digests(before) == digests(after)) is (column == "date")

    @pytest.mark.parametrize("column", [c for c in RUNNER_HEADER if c != "race_key"])
    def test_every_cell_of_a_runner_is_in_them(self, column: str) -> None:
        before = months.parse_rows([months.race()], [months.runner()])
        after = months.parse_rows([months.race()], [months.runner() | {column: "77"}])
        assert digests(before) != digests(after)

    def test_a_column_that_is_absent_is_one_that_is_empty(self) -> None:
        bare = {name: "" for name in RUNNER_HEADER if name not in SHORT_RUNNER_HEADER}
        row = months.runner() | bare
        races = months.races_csv(months.race())
        long = months.parse(races, months.runners_csv(row))
        short = months.parse(races, months.runners_csv(row, header=SHORT_RUNNER_HEADER))
        assert digests(long) == digests(short)
        assert short.unknown_columns == {"races": (), "runners": ("sp",)}

    def test_cells_do_not_run_together(self) -> None:
        one = months.parse_rows([months.race(course="ab", race_name="c")], [])
        two = months.parse_rows([months.race(course="a", race_name="bc")], [])
        assert digests(one) != digests(two)

    def test_a_change_on_one_day_leaves_the_other_days_alone(self) -> None:
        races, runners = months.small_month()
        before = months.parse_rows(races, runners)
        runners[0]["pos"] = "PU"
        after = months.parse_rows(races, runners)
        assert before.days[FIRST].digest != after.days[FIRST].digest
        assert before.days[FIRST].races["r2"] == after.days[FIRST].races["r2"]
        assert before.days[SECOND] == after.days[SECOND]

    def test_rejects_and_duplicates_are_in_those_of_their_day(self) -> None:
        races, runners = months.small_month()
        plain = months.parse_rows(races, runners).days[FIRST].digest
        rejected = months.parse_rows([*races, months.race("r4", region="IRE")], runners)
        doubled = months.parse_rows(races, [*runners, runners[0]])
        assert len({plain, rejected.days[FIRST].digest, doubled.days[FIRST].digest}) == 3


def digests(parsed: Content) -> list[tuple[dt.date, bytes, list[tuple[str, bytes]]]]:
    return [
        (day.day, day.digest, sorted((race.key, race.digest) for race in day.races.values()))
        for day in parsed.days.values()
    ]
