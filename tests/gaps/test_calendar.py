"""Which days are missing, told by nothing but the days themselves."""

import datetime as dt
from collections.abc import Collection, Iterable

import pytest

from giddyup_watch.gaps import calendar, series
from giddyup_watch.gaps.calendar import Missing
from giddyup_watch.gaps.series import Sheet
from tests.gaps import replaying
from tests.gaps.replaying import BLANK_DAYS, ONE_DAY, Fixtures, Habit

FIRST, LAST = dt.date(2018, 1, 1), dt.date(2024, 6, 30)
EVERY_DAY = frozenset(
    day for day in replaying.days(FIRST, LAST) if f"{day:%m-%d}" not in BLANK_DAYS
)
FRIDAY = dt.date(2024, 6, 14)


def missing(
    raced: Fixtures,
    habit: Habit = "every day looked at",
    without: Collection[dt.date] = (),
    today: dt.date = LAST,
) -> list[Missing]:
    made = replaying.sheets(raced, today, habit, without)
    return list(calendar.read(made, today - ONE_DAY, BLANK_DAYS).missing)


def on(found: Iterable[Missing]) -> list[dt.date]:
    return [one.day for one in found]


def weekly(*weekdays: int) -> frozenset[dt.date]:
    return frozenset(day for day in EVERY_DAY if day.weekday() in weekdays)


def in_months(days: Iterable[dt.date], *months: int) -> frozenset[dt.date]:
    return frozenset(day for day in days if day.month in months)


class TestClaimed:
    def test_a_day_that_the_manifest_left_out_was_never_scraped(self) -> None:
        (found,) = missing({"flat": weekly(4, 5)}, without={FRIDAY})
        assert (found.day, found.codes, found.reason) == (FRIDAY, ("flat",), "skipped")

    def test_a_single_month_is_enough_history(self) -> None:
        june = [day for day in weekly(4, 5) if day >= dt.date(2024, 6, 1)]
        assert on(missing({"flat": june}, without={FRIDAY})) == [FRIDAY]

    def test_it_names_every_code_that_was_not_scraped(self) -> None:
        raced = {"flat": weekly(4, 5), "jumps": weekly(4, 6)}
        (found,) = missing(raced, without={FRIDAY})
        assert found.codes == ("flat", "jumps")

    def test_one_code_can_be_left_out_while_the_other_is_there(self) -> None:
        flat = replaying.sheets({"flat": weekly(4, 5)}, LAST, without={FRIDAY})
        jumps = replaying.sheets({"jumps": weekly(4, 6)}, LAST)
        (found,) = calendar.read(flat + jumps, LAST - ONE_DAY, BLANK_DAYS).missing
        assert (found.day, found.codes) == (FRIDAY, ("flat",))

    def test_a_day_without_racing_by_the_manifest_is_not_missing(self) -> None:
        """All of its meetings were abandoned, on a day that always has some."""
        assert missing({"flat": EVERY_DAY - {FRIDAY}}) == []

    def test_what_a_writer_leaves_out_that_claims_days_with_races_alone_says_nothing(self) -> None:
        assert missing({"flat": weekly(2, 5)}, "days with races") == []

    def test_a_day_out_of_season_may_be_left_out(self) -> None:
        summer = in_months(weekly(4, 5), 5, 6, 7, 8)
        winter = Sheet("flat", dt.date(2023, 1, 1), 0, replaying.bits_of([dt.date(2023, 1, 31)]))
        made = (*replaying.sheets({"flat": summer}, LAST), winter)
        assert calendar.read(made, LAST, BLANK_DAYS).missing == ()

    def test_the_days_behind_the_last_claim_are_not_left_out_yet(self) -> None:
        fortnightly = {day for day in weekly(4) if day.toordinal() // 7 % 2}
        late = replaying.sheets({"flat": fortnightly}, FRIDAY - ONE_DAY)
        assert calendar.read(late, LAST, BLANK_DAYS).missing == ()


class TestUnclaimed:
    """Nothing that a manifest says can be believed."""

    def test_a_day_is_missing_on_which_there_always_is_racing(self) -> None:
        (found,) = missing({"flat": EVERY_DAY}, "nothing", {FRIDAY})
        assert (found.day, found.codes, found.reason) == (FRIDAY, (), "expected")
        assert found.evidence.raced == found.evidence.known >= 16

    def test_a_weekday_without_racing_is_not(self) -> None:
        assert missing({"flat": weekly(0, 1, 2, 3, 4, 5)}, "nothing") == []
        assert missing({"flat": weekly(5)}, "nothing", {FRIDAY}) == []

    def test_a_season_without_racing_is_not(self) -> None:
        summer = in_months(EVERY_DAY, 4, 5, 6, 7, 8, 9)
        assert on(missing({"flat": summer}, "nothing", {FRIDAY})) == [FRIDAY]

    def test_missing_days_do_not_hide_one_another(self) -> None:
        out = {FRIDAY - dt.timedelta(days=364 * back) for back in range(2)}
        assert on(missing({"flat": EVERY_DAY}, "nothing", out)) == sorted(out)

    def test_the_region_races_when_a_code_does(self) -> None:
        raced = {"flat": EVERY_DAY - {FRIDAY}, "jumps": {FRIDAY, *weekly(0)}}
        assert missing(raced, "nothing") == []

    def test_blank_days_are_not_missing(self) -> None:
        assert not {f"{day:%m-%d}" for day in EVERY_DAY} & BLANK_DAYS
        assert missing({"flat": EVERY_DAY}, "nothing") == []

    def test_nor_are_feasts_that_are_blank_in_fact(self) -> None:
        good_fridays = {dt.date.fromordinal(series.easter(year) - 2) for year in range(2018, 2025)}
        assert dt.date(2024, 3, 29) in good_fridays
        feasts = good_fridays | {dt.date(year, 12, 23) for year in range(2018, 2025)}
        assert missing({"flat": EVERY_DAY - feasts}, "nothing") == []

    def test_under_two_years_of_history_there_is_no_telling(self) -> None:
        for months in (1, 6, 11, 20):
            first = LAST - dt.timedelta(days=30 * months)
            young = {day for day in EVERY_DAY if day > first}
            assert missing({"flat": young}, "nothing", {FRIDAY}) == []

    def test_the_days_behind_the_last_one_are_missing_once_they_are_due(self) -> None:
        until = FRIDAY - ONE_DAY
        made = replaying.sheets({"flat": EVERY_DAY}, until, "nothing")
        assert calendar.read(made, until, BLANK_DAYS).missing == ()
        assert on(calendar.read(made, FRIDAY, BLANK_DAYS).missing) == [FRIDAY]

    def test_nothing_is_concluded_from_files_that_cannot_be_read_now(self) -> None:
        june = dt.date(2024, 6, 1)
        made = [
            sheet._replace(raced=0, unread=True) if sheet.month == june else sheet
            for sheet in replaying.sheets({"flat": EVERY_DAY}, LAST, "nothing")
        ]
        assert calendar.read(tuple(made), LAST, BLANK_DAYS).missing == ()


class TestGone:
    """There is no folder at all of a month."""

    def test_as_many_days_are_missing_as_are_usual(self) -> None:
        may = in_months(replaying.days(dt.date(2023, 1, 1), dt.date(2023, 12, 31)), 5)
        found = missing({"flat": weekly(4, 5)}, without=may)
        assert on(found) == sorted(day for day in may if day.weekday() in (4, 5))
        assert {(one.codes, one.reason) for one in found} == {((), "gone")}

    def test_the_month_of_one_code_is_gone_while_the_other_has_racing(self) -> None:
        away = {day for day in EVERY_DAY if dt.date(2021, 3, 1) <= day < dt.date(2022, 11, 1)}
        jumps = weekly(2, 5)
        found = missing({"flat": EVERY_DAY, "jumps": jumps - away})
        assert {one.codes for one in found} == {("jumps",)}
        assert len({day.replace(day=1) for day in on(found)}) == 20
        assert set(on(found)) <= jumps & away
        assert len(found) == pytest.approx(len(jumps & away), rel=0.05)

    def test_twenty_months_of_three_years_leave_enough_to_tell(self) -> None:
        span = replaying.days(dt.date(2021, 1, 1), dt.date(2023, 12, 31))
        away = {day for day in span if dt.date(2021, 11, 1) <= day < dt.date(2023, 7, 1)}
        three = {day for day in EVERY_DAY if 2021 <= day.year <= 2023}
        found = missing({"flat": three}, without=away, today=dt.date(2024, 1, 2))
        assert len({day.replace(day=1) for day in on(found) if day.year < 2024}) == 20

    def test_a_month_in_which_there_is_never_racing_is_not_gone(self) -> None:
        summer = in_months(EVERY_DAY, 4, 5, 6, 7, 8, 9)
        assert missing({"flat": summer, "jumps": EVERY_DAY}) == []
        assert missing({"flat": summer}) == []

    def test_nor_is_one_in_which_there_seldom_is(self) -> None:
        summer = in_months(EVERY_DAY, 4, 5, 6, 7, 8, 9)
        once = {dt.date(2020, 2, 29)}
        assert missing({"flat": summer | once}) == []

    def test_a_month_before_the_first_or_after_the_last_is_not_gone(self) -> None:
        spring = [day for day in weekly(4, 5) if day < dt.date(2024, 4, 1)]
        assert "gone" not in {one.reason for one in missing({"flat": spring})}

    def test_the_month_that_is_not_over_yet_is_not_gone(self) -> None:
        made = replaying.sheets({"flat": weekly(5)}, dt.date(2024, 5, 31))
        july = Sheet("flat", dt.date(2024, 7, 1), 1, 1)
        assert calendar.read((*made, july), dt.date(2024, 6, 20), BLANK_DAYS).missing == ()

    def test_a_manifest_alone_makes_a_month_without_racing(self) -> None:
        """As in the spring in which nobody raced for ten weeks."""
        away = in_months(replaying.days(dt.date(2020, 1, 1), dt.date(2020, 12, 31)), 4, 5)
        claims = [
            Sheet("flat", dt.date(2020, month, 1), 0, (1 << days) - 1)
            for month, days in ((4, 30), (5, 31))
        ]
        made = (*replaying.sheets({"flat": EVERY_DAY}, LAST, without=away), *claims)
        assert calendar.read(made, LAST - ONE_DAY, BLANK_DAYS).missing == ()


class TestOdds:
    def odds(self, raced: Fixtures, day: dt.date) -> float:
        made = replaying.sheets(raced, day - ONE_DAY, "nothing")
        (odds,) = calendar.read(made, day, BLANK_DAYS).odds("flat", day - ONE_DAY)
        return odds

    def test_they_are_those_of_the_comparable_days(self) -> None:
        assert self.odds({"flat": EVERY_DAY}, FRIDAY) > 0.97
        assert self.odds({"flat": weekly(5)}, FRIDAY) < 0.03
        fortnightly = {day for day in weekly(4) if day.toordinal() // 7 % 2}
        assert self.odds({"flat": fortnightly}, FRIDAY) == pytest.approx(0.5, abs=0.1)

    def test_there_are_none_without_two_years_of_history(self) -> None:
        young = {day for day in EVERY_DAY if day > FRIDAY - dt.timedelta(days=300)}
        assert self.odds({"flat": young}, FRIDAY) == 0.0

    def test_there_are_none_on_blank_days(self) -> None:
        assert self.odds({"flat": EVERY_DAY}, dt.date(2023, 12, 25)) == 0.0


@pytest.mark.parametrize(
    "sunday", ["1961-04-02", "2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2038-04-25"]
)
def test_easter(sunday: str) -> None:
    day = dt.date.fromisoformat(sunday)
    assert series.easter(day.year) == day.toordinal()


def test_an_empty_tree_misses_nothing() -> None:
    assert calendar.read((), LAST, BLANK_DAYS).missing == ()


def test_what_was_judged_is_remembered() -> None:
    made = replaying.sheets({"flat": EVERY_DAY}, LAST)
    assert calendar.read(made, LAST, BLANK_DAYS) is calendar.read(made, LAST, BLANK_DAYS)
