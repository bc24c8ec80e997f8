"""`gaps`: what is open, what the checks find now, what an operator already knows."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from giddyup_watch.gaps import check
from giddyup_watch.store import incidents
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Incident, Sighting
from tests.cli.conftest import Cli
from tests.gaps.conftest import DAY, Facts

Open = Callable[..., Incident]


@pytest.fixture
def open_gap(conn: Connection) -> Open:
    """Open an incident as a round of the checks does, or sight it again."""

    def made(check_name: str, key: str, severity: str, **item: object) -> Incident:
        sighting = Sighting(
            check_name, check_name, key, severity, "gb", "flat", DAY, f"{key} is amiss", item
        )
        incidents.record(conn, [sighting])
        return next(one for one in incidents.unresolved(conn) if one.key == key)

    return made


def test_nothing_is_open(connected_cli: Cli) -> None:
    done = connected_cli("gaps")
    assert (done.code, done.out) == (0, "No open gaps.\n")
    assert connected_cli("gaps", "--json").json() == {
        "gaps": [],
        "summary": {"total_issues": 0, "critical": 0, "warnings": 0, "acknowledged": 0},
    }


def test_what_only_informs_is_shown_and_is_no_issue(connected_cli: Cli, open_gap: Open) -> None:
    open_gap("misfiled_races", "gb/flat/2024-06", "info")
    done = connected_cli("gaps")
    assert done.code == 0
    assert "misfiled_races" in done.out


def test_open_gaps_come_by_severity_with_what_to_do(
    connected_cli: Cli, conn: Connection, open_gap: Open
) -> None:
    open_gap("missing_course", "abc/2024-06-14", "warning")
    gap = open_gap("unresulted_passed", "def/2024-06-14", "critical")
    conn.execute(
        "UPDATE racing.data_gaps SET opened_at = now() - interval '26 hours' WHERE gap_id = %s",
        [gap.gap_id],
    )
    done = connected_cli("gaps")
    assert done.code == 1
    header, first, second, *rest = done.out.splitlines()
    assert header.split() == ["id", "severity", "open", "for", "check", "what"]
    assert first.split("  ")[-1] == "def/2024-06-14 is amiss"
    assert first.split()[:5] == [str(gap.gap_id), "critical", "26", "h", "unresulted_passed"]
    assert second.split()[1:5] == ["warning", "0", "min", "missing_course"]
    hints = {one.name: one.hint for one in check.registered()}
    assert f"  unresulted_passed: {hints['unresulted_passed']}" in rest


def test_open_gaps_for_programs(connected_cli: Cli, open_gap: Open) -> None:
    gap = open_gap("missing_course", "abc/2024-06-14", "warning", race_id=7)
    done = connected_cli("gaps", "--json")
    assert done.code == 1
    (told,) = done.json()["gaps"]
    assert told["gap_id"] == gap.gap_id
    assert (told["check"], told["severity"], told["key"], told["date"]) == (
        "missing_course",
        "warning",
        "abc/2024-06-14",
        "2024-06-14",
    )
    assert told["item"] == {"race_id": 7}
    assert dt.datetime.fromisoformat(told["opened_at"]) == gap.opened_at
    assert done.json()["summary"] == {
        "total_issues": 1,
        "critical": 0,
        "warnings": 1,
        "acknowledged": 0,
    }


def test_an_acknowledged_gap_is_marked_and_does_not_count_until_it_changes(
    connected_cli: Cli, open_gap: Open
) -> None:
    gap = open_gap("missing_course", "abc/2024-06-14", "warning", race_id=7)
    done = connected_cli("gaps", "ack", gap.gap_id, "--note", "the course is new")
    assert (done.code, done.err) == (0, "")
    assert done.out == "Acknowledged until it changes: abc/2024-06-14 is amiss\n"

    done = connected_cli("gaps")
    assert done.code == 0
    assert "warning, known" in done.out
    assert f"  {gap.gap_id}: the course is new" in done.out
    told = connected_cli("gaps", "--json").json()
    assert told["gaps"][0]["note"] == "the course is new"
    assert told["summary"]["acknowledged"] == 1

    open_gap("missing_course", "abc/2024-06-14", "warning", race_id=8)
    assert connected_cli("gaps").code == 1


def test_only_an_open_gap_can_be_acknowledged(connected_cli: Cli, open_gap: Open) -> None:
    gap = open_gap("missing_course", "abc/2024-06-14", "warning")
    done = connected_cli("gaps", "ack", gap.gap_id + 1, "--note", "no")
    assert done.code == 64
    assert f"{gap.gap_id + 1} is not the id of an open gap" in done.err


def test_a_note_is_needed(connected_cli: Cli) -> None:
    done = connected_cli("gaps", "ack", 1)
    assert done.code == 64
    assert "--note" in done.err


def test_options_before_ack_count_for_it(cli: Cli, database: str, open_gap: Open) -> None:
    gap = open_gap("missing_course", "abc/2024-06-14", "warning")
    assert cli("gaps", "--database", database, "ack", gap.gap_id, "--note", "yes").code == 0
    assert cli("gaps", "ack", gap.gap_id, "--note", "again", "--database", database).code == 0


def test_a_day_asked_about_is_looked_at_now(connected_cli: Cli, conn: Connection) -> None:
    """With a race without a result, and one without a course."""
    stored = Facts(conn)
    race_id = stored.race([None, None])
    stored.race(course=None)
    done = connected_cli("gaps", "--on", DAY, "--json")
    assert done.code == 1
    found = done.json()
    assert found["date"] == "2024-06-14"
    assert found["checks"]["unresulted_passed"] == {
        "count": 1,
        "races": [
            {
                "race_id": race_id,
                "date": "2024-06-14",
                "course_name": "Ascot",
                "off_time": "14:30",
            }
        ],
    }
    assert found["summary"] == {"total_issues": 2, "critical": 1, "warnings": 1}
    assert incidents.unresolved(conn) == []


def test_a_day_asked_about_by_eye(connected_cli: Cli, conn: Connection) -> None:
    Facts(conn).race([None, None])
    done = connected_cli("gaps", "--on", "2024-06-14")
    assert done.code == 1
    header, *lines = done.out.splitlines()
    assert header.split() == ["severity", "check", "what"]
    assert lines[0] == "critical  unresulted_passed  Ascot 14:30 on 2024-06-14 has no result"
    assert lines[1].startswith("info")
    assert lines[1].endswith("Ascot on 2024-06-14: 2 entries")
    assert "What to do\n  unresulted_passed: " in done.out


@pytest.mark.parametrize(("day", "back"), [("today", 0), ("yesterday", 1)])
def test_days_by_name(connected_cli: Cli, day: str, back: int) -> None:
    done = connected_cli("gaps", "--on", day, "--json")
    told = dt.date.fromisoformat(done.json()["date"])
    assert abs((dt.datetime.now(dt.UTC).date() - told).days - back) <= 1


def test_a_day_that_is_loaded_as_on_disk_has_no_gaps(connected_cli: Cli, master: Path) -> None:
    """Two generated months, among them non-runners, falls and runners without a price."""
    assert connected_cli("backfill", "--master", master).code == 0
    for day in ("2024-05-18", "2024-06-15"):
        done = connected_cli("gaps", "--on", day, "--json", "--master", master)
        silent = {
            name: told["count"]
            for name, told in done.json()["checks"].items()
            if told["count"] and name != "stale_source"
        }
        assert silent == {}, json.dumps(done.json(), indent=2)


def test_without_a_tree_what_needs_one_is_left_out(connected_cli: Cli, tmp_path: Path) -> None:
    of_the_tree = {one.name for one in check.registered() if one.scope == "disk"}
    for master in (["--master", tmp_path / "gone"], ["--master", tmp_path], []):
        told = connected_cli("gaps", "--on", DAY, "--json", *master).json()["checks"]
        assert {name for name in told if "skipped" in told[name]} == of_the_tree
    done = connected_cli("gaps", "--on", DAY)
    assert (done.code, done.out) == (0, "No gaps about 2024-06-14.\n")
    assert "Not asked, for there is no tree: " in done.err
