"""Missing days and stale sources, asked of real files and a real database."""

import datetime as dt
import os
import shutil
from pathlib import Path

import pytest

from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store.connection import Connection
from tests import server
from tests.gaps.conftest import TERMS, at
from tests.gaps.course import LAST, Course, span, weekly
from tests.gaps.replaying import ONE_DAY

FRIDAY = dt.date(2024, 6, 14)


@pytest.fixture
def course(conn: Connection, tmp_path: Path) -> Course:
    master = tmp_path / "master"
    master.mkdir()
    return Course(conn, master)


class TestMissingDays:
    def test_a_day_that_was_never_scraped(self, course: Course) -> None:
        seen = set(span(dt.date(2024, 5, 1))) - {FRIDAY}
        course.write("flat", {day for day in seen if day.weekday() in (4, 5)}, seen=seen)
        (found,) = course.found("missing_days").values()
        assert (found.key, found.severity, found.day) == (f"gb/{FRIDAY}", "warning", FRIDAY)
        assert found.item == {
            "region": "gb",
            "date": "2024-06-14",
            "codes": ["flat"],
            "reason": "skipped",
        }
        assert found.text == (
            "gb/flat: 2024-06-14 was never scraped: the manifest claims days around it, not this"
        )
        course.write("flat", [FRIDAY])
        assert course.found("missing_days") == {}

    def test_a_day_that_a_claim_says_had_no_racing_is_not_missing(self, course: Course) -> None:
        seen = set(span(dt.date(2024, 5, 1)))
        course.write("flat", seen - {FRIDAY}, seen=seen)
        assert course.found("missing_days") == {}

    def test_the_second_writers_claims_hide_nothing(self, course: Course) -> None:
        course.write_unclaimed("flat", set(span()) - {FRIDAY})
        (found,) = course.found("missing_days").values()
        assert (found.key, found.item["codes"], found.item["reason"]) == (
            f"gb/{FRIDAY}",
            [],
            "expected",
        )
        assert found.text.startswith("gb: nothing on disk of Friday 2024-06-14, and ")
        assert found.text.endswith(" comparable days had racing")

    def test_nor_do_claims_of_days_to_come(self, course: Course) -> None:
        course.write("flat", set(span()) - {FRIDAY}, seen=[FRIDAY, LAST + 5 * ONE_DAY])
        assert list(course.found("missing_days")) == [f"gb/{FRIDAY}"]

    def test_a_day_is_due_a_day_and_a_half_after_it_began(self, course: Course) -> None:
        course.write_unclaimed("flat", span(last=LAST - ONE_DAY))
        course.now = at("2024-06-21T11:59")
        assert course.found("missing_days") == {}
        course.now = at("2024-06-21T12:00")
        assert list(course.found("missing_days")) == [f"gb/{LAST}"]

    def test_what_the_ledger_knows_is_not_missing(self, course: Course) -> None:
        course.write_unclaimed("flat", span())
        key = SegmentKey("gb", "flat", "2024-06")
        course.turn(key)
        shutil.rmtree(layout.paths(course.master, key).folder)
        assert course.found("missing_days") == {}
        course.conn.execute("DELETE FROM racing.ledger_days WHERE d = %s", [FRIDAY])
        assert list(course.found("missing_days")) == [f"gb/{FRIDAY}"]

    def test_it_stays_open_until_it_is_there_whatever_the_calendar_learns(
        self, course: Course
    ) -> None:
        course.write_unclaimed("flat", set(span()) - {FRIDAY})
        (opened,) = course.round().unresolved
        course.write_unclaimed("flat", weekly(0, 1, 2, 3))
        (still,) = course.round().unresolved
        assert (still.gap_id, still.finding, still.changed_at) == (
            opened.gap_id,
            opened.finding,
            opened.changed_at,
        )
        course.write("flat", [FRIDAY])
        assert [one.gap_id for one in course.round().resolved] == [opened.gap_id]

    def test_a_claim_resolves_it_too(self, course: Course) -> None:
        seen = set(span(dt.date(2024, 5, 1))) - {FRIDAY}
        course.write("flat", {day for day in seen if day.weekday() in (4, 5)}, seen=seen)
        assert course.open() == [f"gb/{FRIDAY}"]
        course.write("flat", [], seen=[FRIDAY])
        assert course.open() == []


class TestTwentyMonths:
    """Gone from disk and database alike: nobody knows of them but the years around."""

    AWAY = span(dt.date(2022, 3, 1), dt.date(2023, 10, 31))

    def test_of_one_code_and_then_of_both(self, course: Course) -> None:
        course.write("flat", span(), seen=span())
        course.write("jumps", weekly(2, 5), seen=span())
        course.turn(*self._folders(course, "jumps"))
        assert course.open() == []
        self._take_away(course, "jumps")
        jumps = course.round().unresolved
        assert {tuple(one.item["codes"]) for one in jumps} == {("jumps",)}
        assert {f"{one.d:%Y-%m}" for one in jumps} == {f"{day:%Y-%m}" for day in self.AWAY}
        expected = set(weekly(2, 5)).intersection(self.AWAY)
        assert {one.d for one in jumps} <= expected
        assert len(jumps) == pytest.approx(len(expected), rel=0.05)

        self._take_away(course, "flat")
        both = course.round().unresolved
        assert {one.check_name for one in both} == {"missing_days"}
        assert {one.d for one in both} <= set(self.AWAY)
        assert len(both) == pytest.approx(len(self.AWAY), rel=0.05)

        for code in ("flat", "jumps"):
            course.write(code, span(LAST + ONE_DAY, LAST + 60 * ONE_DAY))
        course.now += dt.timedelta(days=60)
        assert {one.gap_id for one in both} == {one.gap_id for one in course.round().unresolved}

        course.write("flat", self.AWAY)
        course.write("jumps", [], seen=self.AWAY)
        assert course.open() == []

    def _folders(self, course: Course, code: str) -> list[SegmentKey]:
        away = {f"{day:%Y-%m}" for day in self.AWAY}
        return [key for key in sorted(course.keys()) if key.code == code and key.month in away]

    def _take_away(self, course: Course, code: str) -> None:
        for key in self._folders(course, code):
            shutil.rmtree(layout.paths(course.master, key).folder)
        for table in ("races", "runners", "ledger_races", "ledger_days", "ledger_segments"):
            server.alter(course.conn, f"DELETE FROM racing.{table}")


class TestStaleSource:
    def test_a_day_without_news_at_the_height_of_the_season(self, course: Course) -> None:
        course.write("flat", span(last=LAST - ONE_DAY), seen=span(last=LAST - ONE_DAY))
        assert list(course.found("stale_source")) == ["gb/flat"]
        found = course.found("stale_source")["gb/flat"]
        assert (found.severity, found.day, found.region, found.code) == (
            "critical",
            None,
            "gb",
            "flat",
        )
        assert found.item == {
            "region": "gb",
            "code": "flat",
            "since": "2024-06-19",
            "newest_day": "2024-06-19",
        }
        course.write("flat", [LAST])
        assert course.found("stale_source") == {}

    def test_a_claim_is_news(self, course: Course) -> None:
        course.write("flat", span(last=LAST - ONE_DAY), seen=span())
        assert course.found("stale_source") == {}

    def test_off_season_there_need_be_none(self, course: Course) -> None:
        winter = [day for day in span() if day.month in (1, 2, 11, 12)]
        course.write("jumps", winter, seen=winter)
        assert course.found("stale_source") == {}

    def test_where_racing_is_rare_it_takes_weeks(self, course: Course) -> None:
        fortnightly = [day for day in weekly(5) if day.toordinal() // 7 % 2]
        course.write("jumps", fortnightly[:-1], seen=span(last=fortnightly[-2]))
        assert course.found("stale_source") == {}
        course.now += dt.timedelta(days=60)
        assert list(course.found("stale_source")) == ["gb/jumps"]

    def test_without_history_nobody_knows(self, course: Course) -> None:
        young = span(dt.date(2023, 9, 1), dt.date(2024, 5, 1))
        course.write("flat", young, seen=young)
        assert course.found("stale_source") == {}

    def test_files_that_stay_as_they_are_while_days_are_there_ahead(self, course: Course) -> None:
        """Racecards for days to come, and then nothing: by ctime, which a restore cannot set."""
        today = dt.datetime.now(TERMS.zone)
        first = today.date() - dt.timedelta(days=3 * 365)
        days = span(first, today.date() + 6 * ONE_DAY)
        course.write_unclaimed("flat", days)
        course.now = today
        assert course.found("stale_source") == {}
        course.now = today + dt.timedelta(days=5)
        (found,) = course.found("stale_source").values()
        assert str(found.item["newest_day"]) == days[-1].isoformat()

    def test_a_restore_is_no_news(self, course: Course) -> None:
        course.write_unclaimed("flat", span(last=LAST - 3 * ONE_DAY))
        for key in sorted(course.keys()):
            os.utime(layout.paths(course.master, key).races)
        assert list(course.found("stale_source")) == ["gb/flat"]

    def test_a_scraper_that_has_gone_blind_is_believed_for_a_week(self, course: Course) -> None:
        """Its site looks different now: it claims every day, and finds no race."""
        course.write("flat", span(last=LAST - 6 * ONE_DAY), seen=span())
        assert course.found("stale_source") == {}
        course.now += 2 * ONE_DAY
        course.write("flat", [], seen=[LAST + ONE_DAY, LAST + 2 * ONE_DAY])
        (found,) = course.found("stale_source").values()
        assert found.item["since"] == (LAST - 6 * ONE_DAY).isoformat()
