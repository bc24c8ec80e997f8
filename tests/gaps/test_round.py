"""A round: who is asked what, what a silence means, and what becomes of the incidents."""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from giddyup_watch.gaps import round as rounds
from giddyup_watch.gaps.check import Ask
from giddyup_watch.gaps.round import Round
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store import incidents
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Incident
from giddyup_watch.store.notify import PAYLOAD_LIMIT
from tests.gaps.conftest import DAY, MORNING, TERMS, days_before, named
from tests.gaps.scripted import Script, finding

TODAY = MORNING.date()
LONG_AGO = dt.date(2020, 2, 29)


@pytest.fixture
def script() -> Script:
    return Script()


def ask(conn: Connection, *, disk: Inventory | None = None) -> Ask:
    return Ask(conn, TERMS, MORNING, rounds.window(TERMS, MORNING), disk)


def go(conn: Connection, *scripts: Script) -> Round:
    return rounds.go(ask(conn), [script.check for script in scripts])


def keys(found: tuple[Incident, ...]) -> list[str]:
    return [one.key for one in found]


def test_the_window_is_today_where_the_races_are_and_the_days_before() -> None:
    assert rounds.window(TERMS, MORNING) == days_before(TODAY, 7)
    late = dt.datetime(2024, 6, 14, 23, 30, tzinfo=dt.UTC)  # half past midnight in London
    assert rounds.window(TERMS, late)[-1] == TODAY


@pytest.mark.failure(line=26)
def test_what_is_found_is_opened_once_however_often_it_is_found(
    conn: Connection, script: Script
) -> None:
    script.find(finding("a", day=DAY, races=3))
    first, second = go(conn, script), go(conn, script)
    assert (keys(first.opened), second.opened, second.changed) == (["a"], (), ())
    (one,) = second.unresolved
    assert (one.check_name, one.family, one.key, one.severity) == ("lost", "lost", "a", "warning")
    assert (one.finding, one.item, one.d) == ("it is lost", {"races": 3}, DAY)
    assert one.opened_at == one.changed_at < one.seen_at


@pytest.mark.parametrize(
    "later", [finding("a", severity="critical", n=1), finding("a", n=2)], ids=["severity", "item"]
)
def test_another_severity_or_item_is_a_change(
    conn: Connection, script: Script, later: object
) -> None:
    script.find(finding("a", n=1))
    (opened,) = go(conn, script).opened
    script.findings = {"a": later}  # type: ignore[dict-item]
    after = go(conn, script)
    assert (after.opened, keys(after.changed)) == ((), ["a"])
    assert after.changed[0].gap_id == opened.gap_id


def test_other_words_for_the_same_are_no_change(conn: Connection, script: Script) -> None:
    script.find(finding("a", text="it has waited for 11 minutes"))
    go(conn, script)
    script.find(finding("a", text="it has waited for 12 minutes"))
    after = go(conn, script)
    assert (after.opened, after.changed) == ((), ())
    assert after.unresolved[0].finding == "it has waited for 12 minutes"


@pytest.mark.failure(line=26)
def test_what_is_no_longer_found_is_resolved_and_found_again_it_is_another(
    conn: Connection, script: Script
) -> None:
    script.find(finding("a"), finding("b"))
    (first, _) = go(conn, script).opened
    script.find(finding("b"))
    after = go(conn, script)
    assert (keys(after.resolved), keys(after.unresolved)) == (["a"], ["b"])
    assert after.resolved[0].resolved_at is not None
    script.find(finding("a"), finding("b"))
    (again,) = go(conn, script).opened
    assert again.gap_id != first.gap_id


def test_rows_are_looked_at_again_however_old_the_incident_is(conn: Connection) -> None:
    script = Script(scope="rows")
    script.find(finding("old", day=LONG_AGO))
    assert go(conn, script).opened == ()  # out of the window, and nobody was told
    rounds.go(dataclasses.replace(ask(conn), days=(LONG_AGO,)), [script.check])
    assert keys(go(conn, script).unresolved) == ["old"]
    assert script.asked[-1].days == (LONG_AGO, *rounds.window(TERMS, MORNING))
    script.find()
    assert keys(go(conn, script).resolved) == ["old"]
    go(conn, script)
    assert script.asked[-1].days == rounds.window(TERMS, MORNING)


def test_days_of_incidents_that_need_no_rows_are_not_looked_at(conn: Connection) -> None:
    ledger, rows = Script("ledger"), Script("rows", scope="rows")
    ledger.find(finding("old", day=LONG_AGO))
    go(conn, ledger, rows)
    go(conn, ledger, rows)
    assert rows.asked[-1].days == rounds.window(TERMS, MORNING)


def test_a_check_that_fails_says_so_and_stops_no_other(conn: Connection) -> None:
    broken, well = Script("broken", broken=True), Script("well")
    well.find(finding("a"))
    made = go(conn, broken, well)
    assert [one.spoke for one in made.answered] == [False, True]
    assert "division by zero" in made.answered[0].error
    assert keys(made.opened) == ["a"]


def test_a_check_that_fails_forgets_nothing_and_opens_nothing_twice(
    conn: Connection, script: Script
) -> None:
    script.find(finding("a"), finding("b"))
    go(conn, script)
    script.broken = True
    script.find(finding("b"), finding("c"))
    failing = go(conn, script)
    assert (failing.opened, failing.changed, failing.resolved) == ((), (), ())
    assert keys(failing.unresolved) == ["a", "b"]
    script.broken = False
    back = go(conn, script)
    assert (keys(back.opened), back.changed, keys(back.resolved)) == (["c"], (), ["a"])


def test_a_check_may_not_write(conn: Connection, script: Script) -> None:
    def write(ask: Ask) -> list[Any]:
        incidents.acknowledge(ask.conn, 1, "sneaky")
        return []

    made = rounds.go(ask(conn), [dataclasses.replace(script.check, answer=write)])
    assert "read-only transaction" in made.answered[0].error


def test_of_a_family_each_thing_is_one_incident_that_of_the_first_check(conn: Connection) -> None:
    first, second = Script("first", family="both"), Script("second", family="both")
    first.find(finding("a", check="first", n=1))
    second.find(finding("a", check="second", n=2), finding("b", check="second"))
    made = go(conn, first, second)
    assert [(one.check_name, one.key, one.item) for one in made.opened] == [
        ("first", "a", {"n": 1}),
        ("second", "b", {}),
    ]
    second.find()
    assert keys(go(conn, first, second).resolved) == ["b"]


def test_while_one_of_a_family_fails_nothing_of_it_is_settled(conn: Connection) -> None:
    first, second = Script("first", family="both"), Script("second", family="both")
    first.find(finding("a", n=1))
    go(conn, first, second)
    first.broken = True
    second.find(finding("a", n=2), finding("b"))
    made = go(conn, first, second)
    assert (made.opened, made.changed, made.resolved) == ((), (), ())


def test_who_asks_but_one_of_a_family_settles_nothing_of_it(conn: Connection) -> None:
    checks = [named(name) for name in ("unresulted_passed", "yesterday_missing_winners")]
    assert {check.family for check in checks} == {"unresulted_passed"}
    one = incidents.Sighting(
        "unresulted_passed", "unresulted_passed", "k", "critical", None, None, DAY, "", {}
    )
    incidents.record(conn, [one])
    assert rounds.go(ask(conn), checks[1:]).resolved == ()
    assert keys(rounds.go(ask(conn), checks).resolved) == ["k"]


def test_a_check_of_the_tree_is_passed_by_while_there_is_none(conn: Connection) -> None:
    script = Script(scope="disk")
    script.find(finding("a"))
    with_tree = ask(conn, disk=Inventory())
    rounds.go(with_tree, [script.check])
    script.find()
    without = go(conn, script)
    assert [(one.skipped, one.error, one.spoke) for one in without.answered] == [(True, "", False)]
    assert keys(without.unresolved) == ["a"]
    assert keys(rounds.go(with_tree, [script.check]).resolved) == ["a"]


def test_what_only_informs_is_no_incident(conn: Connection) -> None:
    script = Script(incident=False)
    script.find(finding("a"))
    made = go(conn, script)
    assert [one.key for one in made.answered[0].findings] == ["a"]
    assert made.unresolved == ()


def test_an_acknowledgement_lasts_until_the_finding_changes(
    conn: Connection, script: Script
) -> None:
    script.find(finding("a", n=1), finding("b"))
    (one, _) = go(conn, script).opened
    acknowledged = incidents.acknowledge(conn, one.gap_id, "the course was flooded")
    assert acknowledged is not None
    assert acknowledged.acked_at is not None
    assert [gap.note for gap in go(conn, script).unresolved] == ["the course was flooded", None]
    script.find(finding("a", n=2), finding("b"))
    assert [gap.acked_at for gap in go(conn, script).unresolved] == [None, None]


def test_every_check_there_is_is_asked_unless_some_are_named(conn: Connection) -> None:
    made = rounds.go(ask(conn))
    assert len(made.answered) == len({one.check.name for one in made.answered}) >= 12
    assert [one.error for one in made.answered if one.error] == []
    assert {one.check.scope for one in made.answered if one.skipped} == {"disk"}


# NOTIFY giddyup_gap


@pytest.fixture
def heard(conn: Connection) -> Iterator[Connection]:
    conn.execute(b"LISTEN giddyup_gap")
    yield conn
    conn.execute(b"UNLISTEN giddyup_gap")


def notices(conn: Connection) -> list[dict[str, Any]]:
    conn.execute(b"SELECT 1")
    payloads = [notice.payload for notice in conn.notifies(timeout=0)]
    assert all(len(payload.encode()) < PAYLOAD_LIMIT for payload in payloads)
    return [json.loads(payload) for payload in payloads]


def test_listeners_hear_what_was_opened_changed_and_resolved(
    heard: Connection, script: Script
) -> None:
    script.find(finding("a", day=DAY, text="not there"))
    (opened,) = go(heard, script).opened
    told = {
        "action": "opened", "gap_id": opened.gap_id, "check": "lost", "severity": "warning",
        "key": "a", "region": "gb", "code": "flat", "day": "2024-06-14", "finding": "not there",
    }  # fmt: skip
    assert notices(heard) == [told]
    go(heard, script)
    assert notices(heard) == []
    script.find(finding("a", day=DAY, text="not there", severity="critical"))
    go(heard, script)
    assert notices(heard) == [told | {"action": "changed", "severity": "critical"}]
    script.find()
    go(heard, script)
    assert notices(heard) == [told | {"action": "resolved", "severity": "critical"}]


def test_a_long_finding_is_cut_for_listeners_and_kept_in_the_table(
    heard: Connection, script: Script
) -> None:
    text = "\U0001f40e" * 5000
    script.find(finding("\U0001f40e" * 600, text=text))
    made = go(heard, script)
    (notice,) = notices(heard)
    assert notice["truncated"] is True
    assert text.startswith(notice["finding"])
    assert made.unresolved[0].finding == text
