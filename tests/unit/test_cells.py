import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giddyup_watch.model import Reject
from giddyup_watch.source import cells
from giddyup_watch.source.cells import OffTimes
from giddyup_watch.source.rows import Race, Runner
from tests.unit import months

DAY = dt.date(2024, 1, 1)


def a_race(off_times: OffTimes = "auto", runners: int = 0, **changes: str) -> dict[str, object]:
    values, rejects = clean_race(off_times, runners, **changes)
    assert rejects == []
    return values


def clean_race(
    off_times: OffTimes = "auto", runners: int = 0, **changes: str
) -> tuple[dict[str, object], list[Reject]]:
    row = months.race() | {name.rstrip("_"): value for name, value in changes.items()}
    texts = tuple(row.get(column.csv, "") for column in cells.RACE_COLUMNS)
    lines = [Runner(n, f"k{n}", "", ()) for n in range(runners)]
    race = Race(7, "r1", DAY, "Ascot", "Flat", texts, lines, b"")
    values, rejects = cells.race_values(race, off_times)
    return dict(zip(cells.RACE_STAGING, values, strict=True)), rejects


def clean_runner(**changes: str) -> tuple[dict[str, object], list[Reject]]:
    row = months.runner(or_="") | {name.rstrip("_"): value for name, value in changes.items()}
    texts = tuple(row.get(column.csv, "") for column in cells.RUNNER_COLUMNS)
    values, rejects = cells.runner_values(Runner(9, "r1-1", "1", texts), DAY)
    return dict(zip(cells.RUNNER_STAGING, values, strict=True)), rejects


def a_runner(**changes: str) -> dict[str, object]:
    values, rejects = clean_runner(**changes)
    assert rejects == []
    return values


def test_the_copy_lists_are_those_of_the_staging_tables() -> None:
    assert cells.RACE_STAGING == (
        "line", "race_key", "race_date", "region", "course", "off_time", "race_name", "race_type",
        "class", "pattern", "rating_band", "age_band", "sex_rest", "dist_raw", "dist_f", "dist_m",
        "going", "surface", "ran",
    )  # fmt: skip
    assert cells.RUNNER_STAGING[:7] == (
        "line", "race_key", "race_date", "runner_key", "num", "pos_raw", "draw",
    )  # fmt: skip
    assert len(set(cells.RUNNER_STAGING)) == len(cells.RUNNER_STAGING) == 53


def test_price_columns_are_the_starting_price_and_betfairs() -> None:
    prices = ("bsp", "ppwap", "morningwap", "ppmax", "ppmin", "ipmax", "ipmin")
    expected = {f"{side}_{name}" for side in ("win", "place") for name in prices}
    assert expected | {"dec"} == cells.PRICE_COLUMNS


def test_a_race_is_cleaned_whole() -> None:
    assert a_race(runners=3, ran="2") == {
        "line": 7,
        "race_key": "r1",
        "race_date": DAY,
        "region": "GB",
        "course": "Kempton (AW)",
        "off_time": dt.time(14, 10),
        "race_name": "The Winter Handicap, Division One",
        "race_type": "Flat",
        "class": "Class 4",
        "pattern": None,
        "rating_band": None,
        "age_band": None,
        "sex_rest": None,
        "dist_raw": "1m4f",
        "dist_f": 12.0,
        "dist_m": 2414,
        "going": "Standard",
        "surface": "AW",
        "ran": 2,
    }


def test_a_runner_is_cleaned_whole() -> None:
    values = a_runner()
    assert {name: value for name, value in values.items() if value is not None} == {
        "line": 9,
        "race_key": "r1",
        "race_date": DAY,
        "runner_key": "r1-1",
        "num": 1,
        "pos_raw": "1",
        "horse": "Élan 1 (FR)",
        "age": 4,
        "dec": 3.5,
        "prize": 1234.5,
        "prize_raw": "£1,234.50",
        "comment": 'held up, "never nearer" - stayed on',
        "win_bsp": 4.1,
    }


@pytest.mark.parametrize(("text", "ran"), [("", 3), ("0", 0), ("8", 8), ("8.0", 8)])
def test_an_empty_ran_is_the_number_of_runners(text: str, ran: int) -> None:
    assert a_race(runners=3, ran=text)["ran"] == ran


def test_an_unreadable_ran_is_the_number_of_runners_and_told() -> None:
    values, rejects = clean_race(runners=3, ran="eight")
    assert values["ran"] == 3
    assert rejects == [Reject("races", 7, DAY, "ran", "eight", "not a whole number", counts=False)]


def test_the_region_is_upper_case_as_the_database_has_it() -> None:
    assert a_race(region="gb")["region"] == "GB"


@pytest.mark.parametrize(
    ("off", "auto", "full"),
    [
        ("14:30", "14:30", "14:30"),
        ("2:10", "14:10", "02:10"),
        ("02:10", "14:10", "02:10"),
        ("1:00", "13:00", "01:00"),
        ("9:59", "21:59", "09:59"),
        ("10:00", "10:00", "10:00"),
        ("11:45", "11:45", "11:45"),
        ("12:30", "12:30", "12:30"),
        ("0:15", "00:15", "00:15"),
        ("23:59", "23:59", "23:59"),
        ("2:10:05", "14:10:05", "02:10:05"),
    ],
)
def test_an_hour_from_one_to_nine_is_of_the_afternoon_unless_told_otherwise(
    off: str, auto: str, full: str
) -> None:
    assert a_race("auto", off=off)["off_time"] == dt.time.fromisoformat(auto)
    assert a_race("24h", off=off)["off_time"] == dt.time.fromisoformat(full)


@pytest.mark.parametrize(
    "off", ["24:00", "2:60", "2.10", "2:1", "2pm", "14:30+00", "1:2:3:4", "\u0662:10"]
)
@pytest.mark.parametrize("off_times", ["auto", "24h"])
def test_an_unreadable_off_time_is_null_and_told(off: str, off_times: OffTimes) -> None:
    values, rejects = clean_race(off_times, off=off)
    assert values["off_time"] is None
    assert [(r.column, r.value, r.reason) for r in rejects] == [
        ("off_time", off, "not a time of day")
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("007", 7),
        ("12.0", 12),
        ("12.", 12),
        ("1,234", 1234),
        ("£ 1,234,567", 1234567),
        ("1 234", 1234),
        ("2147483647", 2**31 - 1),
        ("-2147483648", -(2**31)),
        ("0" * 50 + "1", 1),
    ],
)
def test_whole_numbers(text: str, value: int) -> None:
    assert a_runner(lbs=text)["lbs"] == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("12.5", "not a whole number"),
        ("1e3", "not a whole number"),
        ("1_000", "not a whole number"),
        ("12,34", "not a whole number"),
        ("\u0661\u0662", "not a whole number"),
        ("9st 7lb", "not a whole number"),
        ("£", "not a whole number"),
        ("2147483648", "out of range"),
        ("-2147483649", "out of range"),
        ("9" * 60_000, "too many digits"),
    ],
)
def test_what_is_no_whole_number_is_null_and_told(text: str, reason: str) -> None:
    values, rejects = clean_runner(lbs=text)
    assert values["lbs"] is None
    assert rejects == [Reject("runners", 9, DAY, "lbs", text[:200], reason, counts=False)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.25", 1.25),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.75", -0.75),
        ("1e-05", 0.00001),
        ("£1,234.50", 1234.5),
        ("€1 234.50", 1234.5),
        ("$12,345,678", 12345678.0),
        ("1,234.50€", 1234.5),
        ("\u00a31\u00a0234", 1234.0),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert a_runner(prize=text)["prize"] == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("-Infinity", "not a number"),
        ("1_0", "not a number"),
        ("0x10", "not a number"),
        ("1.2.3", "not a number"),
        ("3,5", "not a number"),
        ("1,2345", "not a number"),
        ("10k", "not a number"),
        ("$", "not a number"),
        ("e5", "not a number"),
        ("1e400", "out of range"),
        ("1e99999", "not a number"),
        ("1." + "0" * 60_000, "too many digits"),
    ],
)
def test_what_is_no_number_is_null_and_told(text: str, reason: str) -> None:
    values, rejects = clean_runner(prize=text)
    assert values["prize"] is None
    assert [(r.column, r.reason) for r in rejects] == [("prize", reason)]


def test_prize_raw_keeps_the_text() -> None:
    assert a_runner(prize="£1,234", prize_raw="£1,234 (dead heat)")["prize_raw"] == (
        "£1,234 (dead heat)"
    )


@pytest.mark.parametrize(
    ("text", "value"), [("12f", 12.0), ("8.5F", 8.5), ("8.5", 8.5), ("8 f", 8.0)]
)
def test_a_distance_may_end_in_f(text: str, value: float) -> None:
    assert a_race(dist_f=text)["dist_f"] == value


@pytest.mark.parametrize("text", ["f", "ff", "1m4f", "7½f"])
def test_an_unreadable_distance_is_null_and_told(text: str) -> None:
    values, rejects = clean_race(dist_f=text)
    assert (values["dist_f"], [r.column for r in rejects]) == (None, ["dist_f"])


@pytest.mark.parametrize("column", sorted(cells.PRICE_COLUMNS))
@pytest.mark.parametrize("text", ["1.0", "1", "1.00", "0", "0.5", "-3"])
def test_a_price_up_to_one_means_none(column: str, text: str) -> None:
    assert a_runner(**{column: text})[column] is None


@pytest.mark.parametrize("column", sorted(cells.PRICE_COLUMNS))
def test_prices_between_one_and_what_the_database_checks(column: str) -> None:
    values, rejects = clean_runner(**{column: "1.005"})
    if column in ("dec", "win_bsp"):
        assert values[column] is None
        assert [r.reason for r in rejects] == ["a price between 1.0 and 1.01"]
    else:
        assert (values[column], rejects) == (1.005, [])
    assert a_runner(**{column: "1.01"})[column] == 1.01


@pytest.mark.parametrize("text", ["1", "12", "PU", "NR", "DSQ", "1=", "123456789"])
def test_positions_are_kept_as_text(text: str) -> None:
    assert a_runner(pos=text)["pos_raw"] == text


@pytest.mark.parametrize("text", ["1234567890", "9" * 300, "\u0661st", "x" * 201])
def test_a_position_that_the_database_cannot_number_is_null_and_told(text: str) -> None:
    values, rejects = clean_runner(pos=text)
    assert (values["pos_raw"], [r.column for r in rejects]) == (None, ["pos_raw"])


@pytest.mark.parametrize(
    "column", ["horse", "jockey", "trainer", "sire", "dam", "damsire", "owner"]
)
def test_a_name_that_no_index_can_hold_is_null_and_told(column: str) -> None:
    assert a_runner(**{column: "x" * 200})[column] == "x" * 200
    values, rejects = clean_runner(**{column: "x" * 201})
    assert values[column] is None
    assert [(r.column, r.value, r.reason) for r in rejects] == [
        (column, "x" * 200, "longer than 200 characters")
    ]


def test_text_is_kept_whatever_its_length() -> None:
    assert a_runner(comment="x" * 5_000)["comment"] == "x" * 5_000


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NUMBER = st.from_regex(r"\A[-+£ ]?[0-9]{0,12}[.,eE]?[0-9]{0,5}[f£]?\Z")
ANY = CELL | NUMBER


@given(st.lists(ANY, min_size=len(cells.RUNNER_COLUMNS), max_size=len(cells.RUNNER_COLUMNS)))
def test_no_cell_of_a_runner_raises_and_all_values_fit_their_columns(texts: list[str]) -> None:
    values, rejects = cells.runner_values(Runner(1, "k", "", tuple(texts)), DAY)
    assert values[:3] == (1, texts[0] or None, DAY)
    assert_fitting(values[3:], [column.kind for column in cells.RUNNER_COLUMNS[1:]])
    assert all(not r.counts and r.reason and r.column for r in rejects)


@given(
    st.lists(ANY, min_size=len(cells.RACE_COLUMNS), max_size=len(cells.RACE_COLUMNS)),
    st.sampled_from(["auto", "24h"]),
)
def test_no_cell_of_a_race_raises_and_all_values_fit_their_columns(
    texts: list[str], off_times: OffTimes
) -> None:
    race = Race(1, "k", DAY, "", "", tuple(texts), [], b"")
    values, _ = cells.race_values(race, off_times)
    assert values[2] == DAY
    assert_fitting(values[3:], [column.kind for column in cells.RACE_COLUMNS[2:]])


def assert_fitting(values: tuple[object, ...], kinds: list[cells.Kind]) -> None:
    for value, kind in zip(values, kinds, strict=True):
        match value:
            case None:
                pass
            case str():
                assert value
                assert kind in ("text", "name", "region", "pos")
            case int():
                assert kind == "int"
                assert -(2**31) <= value < 2**31
            case float():
                assert kind in ("float", "distance", "price", "checked_price")
                assert math.isfinite(value)
                assert kind != "checked_price" or value >= 1.01
            case _:
                assert isinstance(value, dt.time)
                assert kind == "off"
