"""Rows that are there, but not as they should be: each check seen silent and seen speaking."""

import pytest

from tests.gaps.conftest import DAY, Asking, Facts, at

# duplicate_races


def test_races_that_are_not_the_same(stored: Facts, asking: Asking) -> None:
    stored.race(off="14:30")
    stored.race(off="15:05")
    stored.race(off="14:30", course="Kempton")
    stored.race(off="14:30", course="Ascot", region="IRE")
    stored.race(off=None)
    stored.race(off=None)
    stored.race(course=None)
    stored.race(course=None)
    assert asking("duplicate_races") == []


@pytest.mark.parametrize("off", ["14:30", "02:30"])
def test_one_race_under_two_keys(stored: Facts, asking: Asking, off: str) -> None:
    """Translated off time or not: it is the same race."""
    first = stored.race(key="abc", off="14:30")
    stored.race(key="2024-06-14|ascot|14:30", off=off)
    (finding,) = asking("duplicate_races")
    assert finding.item == {
        "race_id": first,
        "date": "2024-06-14",
        "course_name": "Ascot",
        "off_time": "14:30",
        "race_keys": ["abc", "2024-06-14|ascot|14:30"],
    }
    assert (finding.key, finding.severity) == ("2024-06-14/Ascot/14:30", "warning")
    assert (finding.region, finding.code) == ("gb", "flat")


def test_duplicates_of_two_codes_belong_to_neither(stored: Facts, asking: Asking) -> None:
    stored.race(kind="Flat")
    stored.race(kind="Chase")
    (finding,) = asking("duplicate_races")
    assert finding.code is None


# missing_prices


def test_some_runners_are_always_without_a_price(stored: Facts, asking: Asking) -> None:
    stored.race(["1", "2", "3"] * 3)
    stored.race(["1", "PU", "F"], bsp=None)
    asking.now = at("2024-06-20T12:00")
    assert asking("missing_prices") == []


def test_non_runners_and_those_still_to_run_have_no_price(stored: Facts, asking: Asking) -> None:
    stored.race(["NR", None, None], bsp=None)
    asking.now = at("2024-06-20T12:00")
    assert asking("missing_prices") == []


def test_a_day_without_prices(stored: Facts, asking: Asking) -> None:
    """By the races' type: the flat races of that day have their prices."""
    stored.race(["1", "2", "3"], kind="Flat")
    stored.race(["1", "2", "3"], kind="Hurdle")
    stored.race(["1", "PU"], kind="NH Flat", bsp=None)
    asking.now = at("2024-06-20T12:00")
    (finding,) = asking("missing_prices")
    assert finding.item == {
        "region": "gb",
        "code": "jumps",
        "date": "2024-06-14",
        "runners": 5,
        "without_bsp": 2,
    }
    assert (finding.key, finding.severity) == ("gb/jumps/2024-06-14", "warning")
    assert (finding.region, finding.code, finding.day) == ("gb", "jumps", DAY)


def test_prices_of_regions_that_are_not_followed_are_not_missed(
    stored: Facts, asking: Asking
) -> None:
    stored.race(region="FR", bsp=None)
    asking.now = at("2024-06-20T12:00")
    assert asking("missing_prices") == []


def test_prices_come_on_the_day_after(stored: Facts, asking: Asking) -> None:
    stored.race(bsp=None)
    asking.now = at("2024-06-15T11:59")
    assert asking("missing_prices") == []
    asking.now = at("2024-06-15T12:00")
    assert len(asking("missing_prices")) == 1


# missing_course


def test_races_with_courses(stored: Facts, asking: Asking) -> None:
    stored.race()
    assert asking("missing_course") == []


def test_a_race_without_a_course(stored: Facts, asking: Asking) -> None:
    race_id = stored.race(key="abc", course=None)
    (finding,) = asking("missing_course")
    assert finding.item == {
        "race_id": race_id,
        "date": "2024-06-14",
        "course_name": None,
        "off_time": "14:30",
    }
    assert (finding.key, finding.severity) == ("abc/2024-06-14", "warning")
    assert finding.text == "a race without a course 14:30 on 2024-06-14 (race_key abc)"
