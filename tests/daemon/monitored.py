"""A small tree of the last days, loaded, and what the monitor of a daemon on it says."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.demo.racing.layout import Row
from giddyup_watch.demo.tree import CODES, REGIONS
from giddyup_watch.model import SegmentKey
from tests.daemon.running import Running, running
from tests.wait import wait_until

#: Seconds between two rounds, in the settings.
OFTEN = {"gaps__interval_seconds": 0.2}
#: Seconds from a commit to the gauges, for a busy machine.
SOON = 10.0

WORLD = World(seed=9, volume=0.5)
ZONE = ZoneInfo("Europe/London")
TODAY = dt.datetime.now(ZONE).date()
DAYS = tuple(TODAY - dt.timedelta(days=back) for back in range(7, 0, -1))


def build(master: Path) -> None:
    """Every day of the last seven that is over, with its results."""
    writer = writers.AppendWriter(master)
    for day in DAYS:
        for region in REGIONS:
            for code in CODES:
                card = WORLD.day(region, code, day)
                if card.races:
                    writer.append(SegmentKey(region, code, f"{day:%Y-%m}"), card)


class Monitored(Running):
    def gaps(self, check: str) -> float:
        """Open incidents of a check by its gauges."""
        severities = ("critical", "warning", "info")
        return sum(self.value("gaps", check=check, severity=one) for one in severities)

    def asked(self, check: str, result: str = "success") -> float:
        return self.value("check_runs_total", check=check, result=result)

    def one_more_round(self, check: str = "runner_count_mismatch") -> None:
        """Wait for one that begins from now on."""
        before = self.asked(check)
        wait_until(lambda: self.asked(check) >= before + 2)

    def told(self, event: str, check: str) -> list[dict[str, Any]]:
        return [entry for entry in self.events(event) if entry["check"] == check]


@contextmanager
def monitored(master: Path, url: str, **others: Any) -> Iterator[Monitored]:
    """A daemon that has nothing to load, and has looked at everything once."""
    with running(master, url, **others) as daemon:
        made = Monitored(daemon.parts, daemon.logs)
        wait_until(lambda: made.asked("runner_count_mismatch") > 0)
        yield made


def a_race(master: Path) -> tuple[SegmentKey, Card, Row]:
    """A race with a result, in the card it is in."""
    for path in sorted(master.glob("*/*/*/manifest.json")):
        key = SegmentKey(*path.parts[-4:-1])
        card = edits.read(master, key)
        for race_key in edits.resulted(card):
            return key, card, race_of(card, race_key)
    raise AssertionError("there is no race with a result")


def race_of(card: Card, race_key: str) -> Row:
    return next(row for row in card.races if row["race_key"] == race_key)
