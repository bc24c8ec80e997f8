"""Race rows as a database may hold them, and the question that the checks are asked."""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from giddyup_watch.gaps import checks
from giddyup_watch.gaps.check import Ask, Check, Finding, Terms
from giddyup_watch.store import connection, facts
from giddyup_watch.store.connection import Connection
from tests.server import Server

LONDON = ZoneInfo("Europe/London")
TERMS = Terms(
    zone=LONDON,
    regions=("gb", "ire"),
    codes=("flat", "jumps"),
    window_days=7,
    grace=dt.timedelta(minutes=60),
    stale=dt.timedelta(hours=36),
    blank_days=frozenset({"12-24", "12-25"}),
)

#: A Friday in summer, an hour ahead of UTC.
DAY = dt.date(2024, 6, 14)
MORNING = dt.datetime(2024, 6, 15, 8, 0, tzinfo=dt.UTC)


def named(name: str) -> Check:
    (found,) = (one for one in checks.registered() if one.name == name)
    return found


def at(text: str) -> dt.datetime:
    """A moment by the clocks on the wall of a racecourse."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=LONDON)


def days_before(day: dt.date, count: int) -> tuple[dt.date, ...]:
    """The day and so many before it, the oldest first."""
    return tuple(day - dt.timedelta(days=back) for back in range(count, -1, -1))


@dataclass
class Facts:
    """Rows written as another loader would: straight into the tables."""

    conn: Connection
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def course(self, name: str, region: str = "GB") -> int:
        self.change(
            "INSERT INTO racing.courses (course_name, region) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING",
            name,
            region,
        )
        return self._one(
            "SELECT course_id FROM racing.courses"
            " WHERE region = %s AND course_norm = racing.norm_text(%s)",
            region,
            name,
        )

    def race(
        self,
        positions: Sequence[str | None] = ("1", "2", "3"),
        *,
        key: str = "",
        day: dt.date = DAY,
        off: str | None = "14:30",
        course: str | None = "Ascot",
        region: str = "GB",
        kind: str = "Flat",
        ran: int | None = None,
        bsp: float | None = 3.5,
    ) -> int:
        """A race with a runner for each position; None is a runner that has not run yet."""
        facts.ensure_month(self.conn, day)
        key = key or f"race-{next(self.numbers)}"
        race_id = self._one(
            "INSERT INTO racing.races (race_key, race_date, region, course_id, off_time,"
            " race_name, race_type, ran) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
            " RETURNING race_id",
            key,
            day,
            region,
            None if course is None else self.course(course, region),
            off,
            f"The {key} Stakes",
            kind,
            len(positions) if ran is None else ran,
        )
        for position in positions:
            self.runner(race_id, key, day, position, bsp=bsp)
        return race_id

    def runner(
        self,
        race_id: int,
        race_key: str,
        day: dt.date,
        position: str | None,
        *,
        horse: bool = True,
        bsp: float | None = 3.5,
    ) -> int:
        number = next(self.numbers)
        horse_id = self._one(
            "INSERT INTO racing.horses (horse_name) VALUES (%s) RETURNING horse_id",
            f"Horse {number}",
        )
        return self._one(
            "INSERT INTO racing.runners (runner_key, race_id, race_date, horse_id, num, pos_raw,"
            " win_bsp) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING runner_id",
            f"{race_key}-{number}",
            race_id,
            day,
            horse_id if horse else None,
            number,
            position,
            bsp,
        )

    def change(self, text: str, *params: object) -> None:
        self.conn.execute(text.encode(), params)

    def _one(self, text: str, *params: object) -> int:
        row = self.conn.execute(text.encode(), params).fetchone()
        assert row is not None
        number: int = row[0]
        return number


@dataclass
class Asking:
    """Ask a check about the rows of `days`, as of `now`."""

    conn: Connection
    terms: Terms = TERMS
    now: dt.datetime = MORNING
    days: tuple[dt.date, ...] = (DAY,)

    @property
    def ask(self) -> Ask:
        return Ask(self.conn, self.terms, self.now, self.days)

    def __call__(self, name: str) -> list[Finding]:
        return named(name)(self.ask)

    def items(self, name: str) -> list[dict[str, Any]]:
        return [dict(one.item) for one in self(name)]


@pytest.fixture(scope="session")
def shared(postgres: Server, template: str) -> Iterator[Connection]:
    """A database that the tests of checks share: checks only read."""
    with (
        postgres.database(template) as url,
        closing(connection.connect(url, application_name="giddyup-watch test")) as opened,
    ):
        facts.ensure_month(opened, DAY)
        yield opened


@pytest.fixture
def passing(shared: Connection) -> Iterator[Connection]:
    """`shared`, in a transaction that leaves nothing behind: 20 times as fast as one's own."""
    with shared.transaction(force_rollback=True):
        yield shared


@pytest.fixture
def stored(passing: Connection) -> Facts:
    return Facts(passing)


@pytest.fixture
def asking(passing: Connection) -> Asking:
    return Asking(passing)
