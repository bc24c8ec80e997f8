"""A tree of one race a day in GB, and the two checks of days asked about it."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from giddyup_watch.demo import writers
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.gaps import round as rounds
from giddyup_watch.gaps.check import Ask, Finding
from giddyup_watch.gaps.round import Round
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Inventory
from tests.gaps import replaying
from tests.gaps.conftest import TERMS, at, named
from tests.ingest.conftest import CODES, REGIONS, Bench, race

FIRST, LAST = dt.date(2021, 1, 1), dt.date(2024, 6, 20)
#: Everything of the last day is due.
NOW = at("2024-06-21T14:00")
KINDS = {"flat": "Flat", "jumps": "Chase"}


@dataclass
class Course(Bench):
    """One race a day, written by whom a test chooses; `now` is when it asks."""

    disk: Inventory = field(default_factory=Inventory)
    now: dt.datetime = NOW

    def write(self, code: str, days: Iterable[dt.date], *, seen: Collection[dt.date] = ()) -> None:
        """By the main writer; of the days `seen`, some may be without racing."""
        for key, card in self._cards(code, days, seen).items():
            writers.AppendWriter(self.master).append(key, card)

    def write_unclaimed(self, code: str, days: Iterable[dt.date]) -> None:
        """By the second writer, whose manifest claims 31 days a month."""
        for key, card in self._cards(code, days).items():
            writers.TruncateWriter(self.master).rewrite(key, card)

    def _cards(
        self, code: str, days: Iterable[dt.date], seen: Collection[dt.date] = ()
    ) -> dict[SegmentKey, Card]:
        cards: dict[SegmentKey, Card] = {}
        raced = set(days)
        for day in sorted(raced.union(seen)):
            text = day.isoformat()
            card = cards.setdefault(SegmentKey("gb", code, text[:7]), Card())
            card.processed.add(text)
            if day in raced:
                name = f"{code}-{text}"
                card.extend(race(name, [f"{name}-1"], kind=KINDS[code], day=text))
        return cards

    def ask(self) -> Ask:
        self.disk.update(self.master, layout.look(self.master, REGIONS, CODES))
        return Ask(self.conn, TERMS, self.now, rounds.window(TERMS, self.now), self.disk)

    def found(self, name: str) -> dict[str, Finding]:
        return {one.key: one for one in named(name)(self.ask())}

    def round(self) -> Round:
        return rounds.go(self.ask(), [named("missing_days"), named("stale_source")])

    def open(self) -> list[str]:
        return [one.key for one in self.round().unresolved]


def span(first: dt.date = FIRST, last: dt.date = LAST) -> list[dt.date]:
    blank = TERMS.blank_days
    return [day for day in replaying.days(first, last) if f"{day:%m-%d}" not in blank]


def weekly(*weekdays: int) -> list[dt.date]:
    return [day for day in span() if day.weekday() in weekdays]
