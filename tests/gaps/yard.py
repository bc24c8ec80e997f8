"""A tree, a database loaded from it, and the question put to the checks of both."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from giddyup_watch.gaps import round as rounds
from giddyup_watch.gaps.check import Ask, Check, Finding, Terms
from giddyup_watch.gaps.round import Round
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Inventory
from tests.gaps.conftest import TERMS, named
from tests.ingest.conftest import CODES, REGIONS, Bench

#: Later than the files were written by more than a change takes to get into the queue.
SOON = dt.timedelta(minutes=2)


@dataclass
class Yard(Bench):
    """`waiting` is what the daemon's queue would say; without `looks` the tree is not there."""

    terms: Terms = TERMS
    disk: Inventory = field(default_factory=Inventory)
    waiting: Mapping[SegmentKey, float] = field(default_factory=dict)
    looks: bool = True

    def ask(self, *, after: dt.timedelta = SOON, turn: int | None = None) -> Ask:
        if self.looks:
            self.disk.update(self.master, layout.look(self.master, REGIONS, CODES))
        now = dt.datetime.now(dt.UTC) + after
        disk = self.disk if self.looks else None
        days = rounds.window(self.terms, now)
        return Ask(self.conn, self.terms, now, days, disk, self.waiting, turn)

    def findings(self, name: str, *, after: dt.timedelta = SOON) -> dict[str, Finding]:
        found = {finding.key: finding for finding in named(name)(self.ask(after=after))}
        assert {finding.check for finding in found.values()} <= {name}
        return found

    def round(self, *names: str, turn: int | None = None) -> Round:
        """One round, of the checks named or of all."""
        checks = [named(name) for name in names] or None
        return self.go(checks, self.ask(turn=turn))

    def go(self, checks: Iterable[Check] | None, ask: Ask | None = None) -> Round:
        return rounds.go(ask or self.ask(), checks)

    def strike(self, *tables: str, where: str = "true") -> None:
        """Delete rows behind everybody's back; the day's column is `day` in `where`."""
        for table in tables:
            column = {"races": "race_date", "runners": "race_date", "ledger_races": "race_date"}
            text = where.replace("day", column.get(table, "d"))
            self.conn.execute(f"DELETE FROM racing.{table} WHERE {text}".encode())
