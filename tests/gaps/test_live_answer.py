"""The live answer: the original system's document, for any day, about that day only."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from giddyup_watch.gaps import check, live
from giddyup_watch.gaps.check import Ask, Finding
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from tests.gaps.conftest import DAY, Asking, Facts, at, named

ORIGINAL = {
    "entries_today": "races",
    "unresulted_passed": "races",
    "runner_count_mismatch": "races",
    "unresolved_horses": "horses",
    "yesterday_missing_winners": "races",
}

#: The document of the original system, for a database with just that in it.
EXAMPLE = {
    "entries_today": {
        "count": 1,
        "races": [{"date": "2025-10-13", "course_id": 2, "course_name": "Ascot", "entries": 14}],
    },
    "unresulted_passed": {"count": 0, "races": []},
    "runner_count_mismatch": {
        "count": 1,
        "races": [
            {
                "race_id": 991122,
                "date": "2025-10-12",
                "course_name": "Kempton",
                "ran": 12,
                "runner_rows": 11,
            }
        ],
    },
    "unresolved_horses": {"count": 0, "horses": []},
    "yesterday_missing_winners": {"count": 0, "races": []},
}


@pytest.fixture
def example(stored: Facts) -> Facts:
    """Fourteen entries at Ascot for the day, and a race at Kempton with a runner too few."""
    stored.change(
        "INSERT INTO racing.courses (course_id, course_name, region) VALUES (2, 'Ascot', 'GB')"
    )
    for off in ("16:05", "16:40"):
        stored.race([None] * 7, day=dt.date(2025, 10, 13), off=off)
    race_id = stored.race(
        [str(place) for place in range(1, 12)],
        day=dt.date(2025, 10, 12),
        course="Kempton",
        ran=12,
    )
    for table in ("races", "runners"):
        stored.change(f"UPDATE racing.{table} SET race_id = 991122 WHERE race_id = %s", race_id)
    return stored


def test_the_original_example(example: Facts, asking: Asking) -> None:
    asking.now = at("2025-10-13T12:00")
    found: dict[str, Any] = live.answer(asking.ask, dt.date(2025, 10, 13))
    assert {name: found["checks"][name] for name in ORIGINAL} == EXAMPLE
    assert list(found["checks"])[:5] == list(ORIGINAL)
    assert list(found) == ["date", "checks", "summary"]
    assert found["date"] == "2025-10-13"
    assert found["summary"] == {"total_issues": 1, "critical": 0, "warnings": 1}


def test_every_check_answers(asking: Asking) -> None:
    found: dict[str, Any] = live.answer(asking.ask, DAY)
    assert list(found["checks"]) == [one.name for one in check.registered()]
    for one in check.registered():
        assert set(found["checks"][one.name]) - {"skipped"} == {"count", one.listing}


def test_critical_findings_and_warnings_are_issues_and_entries_are_none(
    stored: Facts, asking: Asking
) -> None:
    stored.race([None, None], off="10:00")
    stored.race(["1"], ran=2)
    asking.now = at("2024-06-14T12:00")
    summary = live.answer(asking.ask, DAY)["summary"]
    assert summary == {"total_issues": 2, "critical": 1, "warnings": 1}


#: Which days each check speaks of, counted from the one asked about.
SPANS = {
    "entries_today": [0],
    "unresulted_passed": [-1, 0],
    "runner_count_mismatch": [-7, -6, -5, -4, -3, -2, -1, 0],
    "unresolved_horses": [0],
    "yesterday_missing_winners": [-1],
    "duplicate_races": [0],
    "missing_prices": [0],
    "missing_course": [0],
}


def test_each_check_speaks_of_its_own_days(stored: Facts, asking: Asking) -> None:
    """Every day of a fortnight has one of everything that can be wrong with race rows."""
    offsets = range(-9, 4)
    for offset in offsets:
        day = DAY + dt.timedelta(days=offset)
        stored.race([None], day=day, off="13:00")
        stored.race(["1"], day=day, off="13:30", ran=2)
        stored.runner(stored.race(["1"], day=day), "abc", day, "2", horse=False)
        stored.race(["1"], day=day, off="15:00", bsp=None)
        stored.race(["1"], day=day, off="15:00", bsp=None)
        stored.race(["1"], day=day, course=None)
    asking.now = at("2024-06-30T12:00")
    found: dict[str, Any] = live.answer(asking.ask, DAY)
    told = {
        name: sorted(
            {
                (dt.date.fromisoformat(item["date"]) - DAY).days
                for item in found["checks"][name][named(name).listing]
            }
        )
        for name in SPANS
    }
    assert told == SPANS


def test_what_has_passed_is_judged_by_now(stored: Facts, asking: Asking) -> None:
    stored.race([None], off="14:30")
    asking.now = at("2024-06-14T15:00")
    assert _count(asking, "unresulted_passed") == 0
    asking.now = at("2024-06-14T15:30")
    assert _count(asking, "unresulted_passed") == 1


def _count(asking: Asking, name: str) -> object:
    found: dict[str, Any] = live.answer(asking.ask, DAY)
    return found["checks"][name]["count"]


def test_findings_of_ledger_and_disk_are_told_for_their_day_month_or_today() -> None:
    """Those of a day on that day, of a segment in its month, of now today."""

    def told(finding: Finding, on: str) -> bool:
        day = dt.date.fromisoformat(on)
        return live.concerns(finding, (day,), day, today=dt.date(2024, 6, 20))

    of_a_day = Finding("not_loaded", "gb/flat/2024-06-14", "critical", "", {}, DAY)
    of_a_month = Finding("count_mismatch", "gb/flat/2024-06", "warning", "", {})
    of_now = Finding("stale_source", "gb/flat", "critical", "", {})
    assert told(of_a_day, "2024-06-14")
    assert not told(of_a_day, "2024-06-15")
    assert told(of_a_month, "2024-06-30")
    assert not told(of_a_month, "2024-07-01")
    assert told(of_now, "2024-06-20")
    assert not told(of_now, "2024-06-19")


def test_checks_of_the_tree_say_that_there_was_none(asking: Asking) -> None:
    of_the_tree = {one.name for one in check.registered() if one.scope == "disk"}
    without: dict[str, Any] = live.answer(asking.ask, DAY)
    within: dict[str, Any] = live.answer(replace(asking.ask, disk=Inventory()), DAY)
    assert {name for name, told in without["checks"].items() if "skipped" in told} == of_the_tree
    assert [name for name, told in within["checks"].items() if "skipped" in told] == []


def test_it_writes_nothing(conn: Connection) -> None:
    """It answers in a transaction in which nothing can be written."""
    Facts(conn).race([None])
    ask: Ask = Asking(conn).ask
    with connection.transaction(conn, read_only=True):
        found: dict[str, Any] = live.answer(ask, DAY)
    assert found["summary"]["critical"] == 1
    assert conn.execute("SELECT count(*) FROM racing.data_gaps").fetchone() == (0,)
