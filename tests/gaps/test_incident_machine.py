"""Any sequence of rounds: findings come, change and go, checks fail, days pass, people acknowledge.

Held against a model: never two open incidents of one thing, each opened once, resolved exactly
when a check looked and did not find it, its acknowledgement ended by a change.
"""

import datetime as dt
import json
from dataclasses import dataclass, field

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from giddyup_watch.gaps import round as rounds
from giddyup_watch.gaps.check import Ask, Severity
from giddyup_watch.store import incidents
from giddyup_watch.store.connection import Connection
from tests import server
from tests.gaps.conftest import MORNING, TERMS
from tests.gaps.scripted import Script, finding

#: Two checks of rows share a family; one of the ledger and one of the disk have their own.
SCRIPTS = (("first", "rows", "both"), ("second", "rows", "both"), ("books", "ledger", ""))
FAMILIES = {"first": "both", "second": "both", "books": "books"}
NAMES = sorted(FAMILIES)
#: A key is of one day, whoever finds it.
KEYS = {"new": MORNING.date(), "old": MORNING.date() - dt.timedelta(days=3)}
Name = tuple[str, str]


@dataclass
class Open:
    """An open incident as the model has it."""

    severity: Severity
    n: object
    day: dt.date | None
    acked: bool = False


@dataclass
class Told:
    opened: set[Name] = field(default_factory=set)
    changed: set[Name] = field(default_factory=set)
    resolved: set[Name] = field(default_factory=set)


class Incidents(RuleBasedStateMachine):
    """`conn` is set by the test; the table is emptied for each example."""

    conn: Connection

    @initialize()
    def empty(self) -> None:
        server.alter(self.conn, "TRUNCATE racing.data_gaps")
        list(self.conn.notifies(timeout=0))
        self.scripts = {
            name: Script(name, scope, family)  # type: ignore[arg-type]
            for name, scope, family in SCRIPTS
        }
        self.open: dict[Name, Open] = {}
        self.passed = 0

    @rule(
        name=st.sampled_from(NAMES),
        key=st.sampled_from(sorted(KEYS)),
        severity=st.sampled_from(["warning", "critical"]),
        n=st.integers(0, 1),
    )
    def appear_or_change(self, name: str, key: str, severity: Severity, n: int) -> None:
        made = finding(key, check=name, severity=severity, day=KEYS[key], n=n)
        self.scripts[name].findings[key] = made

    @rule(name=st.sampled_from(NAMES), key=st.sampled_from(sorted(KEYS)))
    def vanish(self, name: str, key: str) -> None:
        self.scripts[name].findings.pop(key, None)

    @rule(name=st.sampled_from(NAMES), broken=st.booleans())
    def break_or_mend(self, name: str, broken: bool) -> None:
        self.scripts[name].broken = broken

    @rule(days=st.sampled_from([0, 1, 4]))
    def let_days_pass(self, days: int) -> None:
        """After one the old day is out of the window, after four both are."""
        self.passed = days

    @rule(key=st.sampled_from(sorted(KEYS)))
    def acknowledge(self, key: str) -> None:
        for one in incidents.unresolved(self.conn):
            if one.key == key:
                assert incidents.acknowledge(self.conn, one.gap_id, "known") is not None
                self.open[one.family, key].acked = True

    @rule()
    def round(self) -> None:
        first = MORNING.date() - dt.timedelta(days=3 - self.passed)
        window = tuple(day for day in KEYS.values() if day >= first)
        expected = self.expect(window)
        checks = [self.scripts[name].check for name, _, _ in SCRIPTS]
        made = rounds.go(Ask(self.conn, TERMS, MORNING, window), checks)
        settled = {
            "opened": (made.opened, expected.opened),
            "changed": (made.changed, expected.changed),
            "resolved": (made.resolved, expected.resolved),
        }
        for found, wanted in settled.values():
            assert sorted((one.family, one.key) for one in found) == sorted(wanted)
        assert self.told() == sorted(
            (action, one.gap_id) for action, (found, _) in settled.items() for one in found
        )

    def told(self) -> list[tuple[str, int]]:
        self.conn.execute(b"SELECT 1")
        heard = [json.loads(notice.payload) for notice in self.conn.notifies(timeout=0)]
        return sorted((one["action"], one["gap_id"]) for one in heard)

    def expect(self, window: tuple[dt.date, ...]) -> Told:
        """Play the round on the model."""
        told = Told()
        days = {*window, *(one.day for (family, _), one in self.open.items() if family == "both")}
        for family in ("both", "books"):
            members = [s for name, s in self.scripts.items() if FAMILIES[name] == family]
            if any(script.broken for script in members):
                continue
            found = {
                key: one
                for script in reversed(members)  # the first wins
                for key, one in script.findings.items()
                if family == "books" or one.day in days
            }
            for key, one in found.items():
                self.see((family, key), Open(one.severity, one.item["n"], one.day), told)
            for name in [name for name in self.open if name[0] == family and name[1] not in found]:
                del self.open[name]
                told.resolved.add(name)
        return told

    def see(self, name: Name, now: Open, told: Told) -> None:
        before = self.open.get(name)
        if before is not None and (before.severity, before.n) == (now.severity, now.n):
            return
        self.open[name] = now
        (told.opened if before is None else told.changed).add(name)

    @invariant()
    def the_table_is_as_the_model(self) -> None:
        stored = incidents.unresolved(self.conn)
        assert len(stored) == len(self.open)
        assert {
            (one.family, one.key): (one.severity, one.item["n"], one.acked_at is not None)
            for one in stored
        } == {name: (one.severity, one.n, one.acked) for name, one in self.open.items()}


@pytest.fixture
def listening(conn: Connection) -> Connection:
    conn.execute(b"LISTEN giddyup_gap")
    return conn


@pytest.mark.failure(line=26)
def test_any_sequence_of_rounds_ends_as_the_model_says(listening: Connection) -> None:
    often = hypothesis.settings().max_examples
    machine = type("OnThisDatabase", (Incidents,), {"conn": listening})
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(max_examples=often, stateful_step_count=40, deadline=None),
    )
