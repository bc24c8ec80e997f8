"""How the server answers the checks on race rows: only from the months that they are about."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from giddyup_watch.gaps import check
from giddyup_watch.gaps.check import Check
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from tests import server
from tests.gaps.conftest import Asking, Facts, at, days_before, named
from tests.server import Server

Plans = Callable[[Check, Asking], list[dict[str, Any]]]

MONTHS = 31
#: A week that begins in one month and ends in the next.
LAST = dt.date(2024, 7, 3)
#: The sixth time a statement comes, the server would try a plan for any values.
TIMES = 7

ON_ROWS = [one.name for one in check.registered() if one.scope == "rows"]


@pytest.fixture(scope="module")
def many_months(postgres: Server, template: str) -> Iterator[Connection]:
    """A race in each month up to the one that the week ends in."""
    with (
        postgres.database(template) as url,
        closing(connection.connect(server.as_owner(url), application_name="plans")) as opened,
    ):
        stored = Facts(opened)
        with opened.transaction():
            for month in range(MONTHS):
                stored.race(["1", "2"], day=_first_day(month))
        opened.execute("ANALYZE racing.races, racing.runners")
        yield opened


def _first_day(month: int) -> dt.date:
    """Of the months from the first of 2022 on."""
    return dt.date(2022 + month // 12, month % 12 + 1, 1)


@pytest.fixture
def asking(many_months: Connection) -> Asking:
    return Asking(many_months, now=at("2024-07-03T12:00"))


@pytest.fixture
def plans(many_months: Connection) -> Iterator[Plans]:
    """The plans by which a check's statements were run, as the server itself reports them."""
    told: list[str] = []

    def listen(notice: psycopg.errors.Diagnostic) -> None:
        told.append(notice.message_primary or "")

    def run(asked: Check, asking: Asking) -> list[dict[str, Any]]:
        told.clear()
        asked(asking.ask)
        found = [json.loads(text.partition("plan:\n")[2]) for text in told if "plan:\n" in text]
        return [plan["Plan"] for plan in found]

    many_months.execute("LOAD 'auto_explain'")
    many_months.execute("SET auto_explain.log_format = json")
    many_months.execute("SET auto_explain.log_level = notice")
    many_months.execute("SET auto_explain.log_min_duration = 0")
    many_months.add_notice_handler(listen)
    yield run
    many_months.remove_notice_handler(listen)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _facts_read(plan: dict[str, Any]) -> set[str]:
    """Names of the tables of races and runners, and of their partitions, that the plan reads."""
    names = {node.get("Relation Name", "") for node in _nodes(plan)}
    return {name for name in names if name.startswith(("races", "runners"))}


def _partitions(*months: str) -> set[str]:
    return {f"{table}_{month}" for table in ("races", "runners") for month in months}


@pytest.mark.parametrize("name", ON_ROWS)
def test_a_check_reads_the_months_of_its_days_and_no_other(
    name: str, plans: Plans, asking: Asking
) -> None:
    asking.days = days_before(LAST, 7)
    for turn in range(TIMES):
        (plan,) = plans(named(name), asking)
        read = _facts_read(plan)
        assert read, f"the {turn}th time, nothing: {plan}"
        assert read <= _partitions("2024_06", "2024_07"), f"the {turn}th time"


@pytest.mark.parametrize("name", ON_ROWS)
def test_an_old_open_gap_adds_its_month_only(name: str, plans: Plans, asking: Asking) -> None:
    asking.days = (dt.date(2022, 11, 14), LAST)
    (plan,) = plans(named(name), asking)
    assert _facts_read(plan) <= _partitions("2022_11", "2024_07")


def test_more_months_are_read_when_there_are_days_in_them(plans: Plans, asking: Asking) -> None:
    """What these tests look for can be seen."""
    asking.days = tuple(_first_day(month) for month in range(12))
    (plan,) = plans(named("runner_count_mismatch"), asking)
    assert len(_facts_read(plan)) == 24
