"""The five checks of the original system, each seen silent and seen speaking."""

import datetime as dt
from dataclasses import replace

import pytest

from giddyup_watch.gaps import round as rounds
from giddyup_watch.store.connection import Connection
from tests.gaps.conftest import DAY, TERMS, Asking, Facts, at, days_before

MORNING_OF_RACING = at("2024-06-14T09:00")
NEXT_DAY = DAY + dt.timedelta(days=1)


# entries_today


def test_no_entries_once_all_have_run(stored: Facts, asking: Asking) -> None:
    stored.race(["1", "2", "NR"])
    assert asking("entries_today") == []


def test_entries_are_counted_by_course(stored: Facts, asking: Asking) -> None:
    stored.race([None, None, "NR"], off="14:30")
    stored.race([None, None, None], off="15:05")
    stored.race([None], course="Kempton")
    ascot, kempton = asking.items("entries_today")
    assert ascot == {
        "date": "2024-06-14",
        "course_id": stored.course("Ascot"),
        "course_name": "Ascot",
        "entries": 5,
    }
    assert (kempton["course_name"], kempton["entries"]) == ("Kempton", 1)


def test_entries_are_no_incident(conn: Connection) -> None:
    Facts(conn).race([None])
    asking = Asking(conn, now=MORNING_OF_RACING)
    assert len(asking("entries_today")) == 1
    assert rounds.go(asking.ask).unresolved == ()


# unresulted_passed


@pytest.mark.parametrize(
    "positions",
    [
        ["1", "2", "3"],
        ["1", None, "PU"],  # the winner is known, not all of the others
        ["1", "1", "3"],  # a dead heat
        ["DSQ", "1", "2"],
        ["PU", "F", "UR"],  # void: nobody finished, and the source says so
        ["NR", "NR"],  # void: nobody started
    ],
)
def test_a_race_with_a_result_is_resulted(
    stored: Facts, asking: Asking, positions: list[str | None]
) -> None:
    stored.race(positions)
    assert asking("unresulted_passed") == []


@pytest.mark.parametrize(
    "positions",
    [
        [None, None, None],
        ["NR", None, None],  # known before the race
        ["PU", "F", None],  # somebody is still running
    ],
)
def test_a_race_without_a_result_is_found(
    stored: Facts, asking: Asking, positions: list[str | None]
) -> None:
    race_id = stored.race(positions, key="abc")
    (finding,) = asking("unresulted_passed")
    assert finding.item == {
        "race_id": race_id,
        "date": "2024-06-14",
        "course_name": "Ascot",
        "off_time": "14:30",
    }
    assert (finding.key, finding.severity) == ("abc/2024-06-14", "critical")
    assert (finding.region, finding.code, finding.day) == ("gb", "flat", DAY)
    assert finding.text == "Ascot 14:30 on 2024-06-14 has no result"


def test_a_race_whose_runners_are_not_there_is_found(stored: Facts, asking: Asking) -> None:
    stored.race([], ran=8)
    assert len(asking("unresulted_passed")) == 1


def test_a_race_in_which_nobody_was_to_run_is_not(stored: Facts, asking: Asking) -> None:
    stored.race([], ran=0)
    assert asking("unresulted_passed") == []


def test_results_are_due_at_the_end_of_the_grace(stored: Facts, asking: Asking) -> None:
    """A race passes its off, and then its grace, while no result is there."""
    stored.race([None, None], off="14:30")
    for moment, found in (
        ("14:29", 0),
        ("14:30", 0),
        ("15:29", 0),
        ("15:30", 1),
        ("23:59", 1),
    ):
        asking.now = at(f"2024-06-14T{moment}")
        assert len(asking("unresulted_passed")) == found, moment


def test_the_grace_is_a_setting(stored: Facts, asking: Asking) -> None:
    stored.race([None, None], off="14:30")
    asking.now = at("2024-06-14T14:31")
    asking.terms = replace(TERMS, grace=dt.timedelta())
    assert len(asking("unresulted_passed")) == 1
    asking.terms = replace(TERMS, grace=dt.timedelta(hours=24))
    assert asking("unresulted_passed") == []


@pytest.mark.parametrize(
    ("day", "off_in_utc"),
    [
        ("2024-03-30", "14:30"),
        ("2024-03-31", "13:30"),  # clocks went forward that night
        ("2024-10-26", "13:30"),
        ("2024-10-27", "14:30"),  # clocks went back that night
    ],
)
def test_off_times_are_local_when_the_clocks_change(
    stored: Facts, asking: Asking, day: str, off_in_utc: str
) -> None:
    asking.days = (dt.date.fromisoformat(day),)
    stored.race([None], day=asking.days[0], off="14:30")
    due = dt.datetime.fromisoformat(f"{day}T{off_in_utc}+00:00") + TERMS.grace
    asking.now = due - dt.timedelta(minutes=1)
    assert asking("unresulted_passed") == []
    asking.now = due
    assert len(asking("unresulted_passed")) == 1


@pytest.mark.parametrize(
    ("day", "midnight_in_utc"),
    [
        ("2024-01-14", "2024-01-15T00:00"),
        ("2024-03-31", "2024-03-31T23:00"),  # of 23 hours
        ("2024-06-14", "2024-06-14T23:00"),
        ("2024-10-27", "2024-10-28T00:00"),  # of 25 hours
    ],
)
def test_without_an_off_time_the_result_is_due_when_the_day_ends(
    stored: Facts, asking: Asking, day: str, midnight_in_utc: str
) -> None:
    asking.days = (dt.date.fromisoformat(day),)
    stored.race([None], day=asking.days[0], off=None)
    due = dt.datetime.fromisoformat(f"{midnight_in_utc}+00:00") + TERMS.grace
    asking.now = due - dt.timedelta(seconds=1)
    assert asking("unresulted_passed") == []
    asking.now = due
    (finding,) = asking("unresulted_passed")
    assert finding.item["off_time"] is None
    assert finding.text == f"Ascot (no off time) on {day} has no result"


def test_an_off_of_the_12_hour_clock_is_of_the_afternoon(stored: Facts, asking: Asking) -> None:
    """Ten past two, stored as 02:10 by a loader that did not translate it."""
    stored.race([None], off="02:10")
    asking.now = at("2024-06-14T15:09")
    assert asking("unresulted_passed") == []
    asking.now = at("2024-06-14T15:10")
    assert len(asking("unresulted_passed")) == 1


def test_a_source_of_the_24_hour_clock_is_taken_at_its_word(stored: Facts, asking: Asking) -> None:
    stored.race([None], off="09:50")
    asking.terms = replace(TERMS, off_12h=False)
    asking.now = at("2024-06-14T10:50")
    assert len(asking("unresulted_passed")) == 1


# runner_count_mismatch


@pytest.mark.parametrize(
    ("positions", "ran"),
    [
        (["1", "2", "3"], 3),
        (["1", "2", "NR"], 2),  # `ran` leaves non-runners out
        (["1", "2", "NR"], 3),  # `ran` has them in
        (["1", "2", "nr", "WD"], 2),
        (["1", "2", None], 3),
        ([None, None], 12),  # nothing is known yet
        (["NR", None], 12),
        (["PU", "F"], 2),
    ],
)
def test_runners_that_add_up(
    stored: Facts, asking: Asking, positions: list[str | None], ran: int
) -> None:
    stored.race(positions, ran=ran)
    assert asking("runner_count_mismatch") == []


@pytest.mark.parametrize(
    ("positions", "ran", "rows"),
    [
        (["1", "2"], 3, 2),
        (["1", "2", "3", "4"], 3, 4),
        (["1", "2", "NR"], 4, 2),
        (["1", "2", "NR"], 1, 2),
        (["PU", "F"], 3, 2),
    ],
)
def test_runners_that_do_not_add_up(
    stored: Facts, asking: Asking, positions: list[str | None], ran: int, rows: int
) -> None:
    race_id = stored.race(positions, ran=ran)
    (finding,) = asking("runner_count_mismatch")
    assert finding.item == {
        "race_id": race_id,
        "date": "2024-06-14",
        "course_name": "Ascot",
        "ran": ran,
        "runner_rows": rows,
    }
    assert finding.severity == "warning"


# unresolved_horses


def test_runners_with_horses(stored: Facts, asking: Asking) -> None:
    stored.race([None, "1"])
    assert asking("unresolved_horses") == []


def test_a_runner_without_a_horse(stored: Facts, asking: Asking) -> None:
    race_id = stored.race([None], key="abc")
    runner_id = stored.runner(race_id, "abc", DAY, None, horse=False)
    (finding,) = asking("unresolved_horses")
    num = finding.item["num"]
    assert finding.item == {
        "runner_id": runner_id,
        "race_id": race_id,
        "date": "2024-06-14",
        "course_name": "Ascot",
        "num": num,
    }
    assert (finding.key, finding.severity) == (f"abc-{num}/2024-06-14", "warning")
    assert finding.text == f"Ascot 14:30 on 2024-06-14 has a runner without a horse, number {num}"


# yesterday_missing_winners


@pytest.mark.parametrize("positions", [["1", "2"], ["PU", "F"], ["NR", "NR"]])
def test_past_races_with_a_winner_and_void_ones(
    stored: Facts, asking: Asking, positions: list[str | None]
) -> None:
    stored.race(positions)
    assert asking("yesterday_missing_winners") == []


@pytest.mark.parametrize("positions", [["2", "3"], ["DSQ", "2"], [None, None]])
def test_a_past_race_without_a_winner(
    stored: Facts, asking: Asking, positions: list[str | None]
) -> None:
    race_id = stored.race(positions, key="abc")
    (finding,) = asking("yesterday_missing_winners")
    assert (finding.item["race_id"], finding.severity) == (race_id, "critical")
    assert finding.key == "abc/2024-06-14"
    assert finding.text == "Ascot 14:30 on 2024-06-14 has no winner"


def test_a_race_of_today_may_still_get_its_winner(stored: Facts, asking: Asking) -> None:
    stored.race(["2", "3"])
    asking.now = at("2024-06-14T23:59")
    assert asking("yesterday_missing_winners") == []
    asking.now = at("2024-06-15T00:00")
    assert len(asking("yesterday_missing_winners")) == 1


def test_a_late_race_has_its_grace_past_midnight(stored: Facts, asking: Asking) -> None:
    stored.race([None], off="23:30")
    asking.now = at("2024-06-15T00:10")
    assert asking("yesterday_missing_winners") == []


def test_one_race_is_one_incident_for_both(conn: Connection) -> None:
    """No result today, results without a winner tomorrow, the winner at last."""
    stored, asking = Facts(conn), Asking(conn)
    race_id = stored.race([None, None], key="abc")
    asking.now = at("2024-06-14T18:00")
    (opened,) = rounds.go(asking.ask).opened
    assert (opened.check_name, opened.key) == ("unresulted_passed", "abc/2024-06-14")

    asking.now, asking.days = at("2024-06-15T09:00"), days_before(NEXT_DAY, 7)
    assert [one.gap_id for one in rounds.go(asking.ask).unresolved] == [opened.gap_id]

    stored.change("UPDATE racing.runners SET pos_raw = '2' WHERE race_id = %s", race_id)
    assert [one.gap_id for one in rounds.go(asking.ask).unresolved] == [opened.gap_id]

    stored.change("UPDATE racing.runners SET pos_raw = '1' WHERE race_id = %s", race_id)
    assert [one.gap_id for one in rounds.go(asking.ask).resolved] == [opened.gap_id]
