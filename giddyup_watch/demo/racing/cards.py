"""A day of racing as the text of its CSV cells."""

import datetime as dt
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from giddyup_watch.demo.racing import layout, races, runners, season
from giddyup_watch.demo.racing.layout import Row
from giddyup_watch.demo.racing.stable import Stable
from giddyup_watch.model import SegmentKey

Clock = Literal["24h", "12h", "12h padded"]

UNMATCHED_SHARE = 0.02  # Betfair events without a race, per race
UNMATCHED_REASON = "no_rp_candidates_in_time_window"


@dataclass(slots=True)
class Card:
    """Rows of the three files, of one day or of many, each by column name.

    `processed` are the days that were looked at, those without racing too.
    """

    races: list[Row] = field(default_factory=list)
    runners: list[Row] = field(default_factory=list)
    unmatched: list[Row] = field(default_factory=list)
    processed: set[str] = field(default_factory=set, compare=False)

    @property
    def days(self) -> list[str]:
        return sorted({row["date"] for row in self.races})

    def extend(self, other: "Card") -> None:
        self.races += other.races
        self.runners += other.runners
        self.unmatched += other.unmatched
        self.processed |= other.processed


class World:
    """Racing that never changes: a day is the same whenever, and with whatever, it is asked for.

    `volume` 1 is the size of the real thing: 8,780 races and 85,000 runners a
    year. `clock` is how off times are written: `14:10`, `2:10` or `02:10`.
    """

    def __init__(self, seed: int = 1, volume: float = 1.0, clock: Clock = "12h") -> None:
        self.seed = seed
        self.volume = volume
        self.clock = clock
        self._stable = Stable(seed, volume)

    def day(self, region: str, code: str, day: dt.date) -> Card:
        """Everything of the day with its results; empty when there is no racing."""
        card = Card(processed={day.isoformat()})
        rng = random.Random(f"{self.seed}/{region}/{code}/{day}")
        field = runners.Field(rng, self._stable, region, code, day)
        for meeting in season.meetings(self.seed, self.volume, region, code, day):
            for number in range(meeting.races):
                off = self._off(meeting.start + number * meeting.interval)
                race = races.make(
                    rng, meeting, region=region, code=code, day=day, off=off, number=number
                )
                rows = field.run(race)
                race.row["ran"] = str(len(rows))
                card.races.append(race.row)
                card.runners += rows
                if rng.random() < UNMATCHED_SHARE:
                    card.unmatched.append(_unmatched(race.row))
        return card

    def month(self, key: SegmentKey, until: dt.date = dt.date.max) -> Card:
        """The segment's days in order, `until` included."""
        card = Card()
        day = key.first_day
        while key.holds(day) and day <= until:
            card.extend(self.day(key.region, key.code, day))
            day += dt.timedelta(days=1)
        return card

    def _off(self, minutes: int) -> str:
        hour, minute = divmod(minutes, 60)
        if self.clock == "24h":
            return f"{hour:02}:{minute:02}"
        hour = hour - 12 if hour > 12 else hour
        return f"{hour}:{minute:02}" if self.clock == "12h" else f"{hour:02}:{minute:02}"


def unrun(card: Card, race_keys: Iterable[str] | None = None) -> Card:
    """The same card before its races, all or those named, are run: racecard entries."""
    waiting = {row["race_key"] for row in card.races} if race_keys is None else set(race_keys)
    entries = [row | _NO_RESULT if row["race_key"] in waiting else row for row in card.runners]
    return Card(card.races, entries, card.unmatched, card.processed)


_NO_RESULT = dict.fromkeys(layout.RESULT, "")


def _unmatched(race: Row) -> Row:
    event = f"{race['course']} {race['dist']} {race['type']}"
    cells = (race["date"], race["off"], event, "0.0", "", "0", UNMATCHED_REASON)
    return dict(zip(layout.UNMATCHED, cells, strict=True))
