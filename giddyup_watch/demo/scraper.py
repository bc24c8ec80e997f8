"""A pretend scraper: results come in, racecards follow, stewards correct, runners are withdrawn.

`python -m giddyup_watch.demo.scraper DIRECTORY` goes on until its standard
input ends, so it never outlives the process that started it.
"""

import argparse
import datetime as dt
import itertools
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from giddyup_watch.demo import edits, tree, writers
from giddyup_watch.demo.racing import cards
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.racing.layout import Row
from giddyup_watch.model import SegmentKey

LOCAL = ZoneInfo("Europe/London")
INTERVAL_SECONDS = 5.0
ONE_DAY = dt.timedelta(days=1)


class Scraper:
    """Brings a tree of `world` up to date, one piece of news at each `step`.

    It goes by what is on disk, so it can be stopped and started at will. `now`
    is local: no result is known before its race is off.
    """

    def __init__(self, master: Path, world: World, now: Callable[[], dt.datetime]) -> None:
        self._master = master
        self._world = world
        self._now = now
        self._careful = writers.RenameWriter(master)
        self._picks = itertools.count()
        self._turns = itertools.cycle(
            (self._publish, self._publish, self._correct, self._publish, self._withdraw)
        )

    def step(self) -> str:
        """Write one change, and say in a sentence which; "" when there is no news."""
        return next(self._turns)()

    def _publish(self) -> str:
        """Results of one meeting, or the next day's racecards when all are in."""
        day = self._last_day()
        for key in _segments(day):
            card = edits.read(self._master, key)
            off = [row for row in _waiting(card) if self._is_off(row)]
            if off:
                return self._fill_in(key, card, off[0]["course"])
        return self._next_racing(day)

    def _fill_in(self, key: SegmentKey, card: cards.Card, course: str) -> str:
        meeting = [row for row in _waiting(card) if row["course"] == course]
        races = {row["race_key"] for row in meeting if self._is_off(row)}
        day = dt.date.fromisoformat(meeting[0]["date"])
        results = self._world.day(key.region, key.code, day).runners
        known = {row["runner_key"]: row for row in results if row["race_key"] in races}
        card.runners = [known.get(row["runner_key"], row) for row in card.runners]
        self._careful.replace(key, card)
        return f"{key}: results from {course}, {day}"

    def _next_racing(self, day: dt.date) -> str:
        """Racecards of the next day that has any, today at the latest."""
        races = 0
        while day < self._now().date() and not races:
            day += ONE_DAY
            races = self._add_racecards(day)
        return f"racecards for {day}: {races} races" if races else ""

    def _add_racecards(self, day: dt.date) -> int:
        writer = writers.AppendWriter(self._master)
        races = 0
        for key in _segments(day):
            card = self._world.day(key.region, key.code, day)
            if card.races or writers.paths(self._master, key)["manifest"].exists():
                writer.append(key, cards.unrun(card))
                races += len(card.races)
        return races

    def _correct(self) -> str:
        key, card = self._busiest(self._last_day() - ONE_DAY)
        races = edits.resulted(card)
        if not races:
            return ""
        winner, second = edits.correct_result(card, races[-1 - next(self._picks) % len(races)])
        self._careful.replace(key, card)
        return f"{key}: {winner['horse']} wins after all, {second['horse']} is second"

    def _withdraw(self) -> str:
        key, card = self._busiest(self._last_day())
        waiting = _waiting(card)
        if not waiting:
            return ""
        field = edits.field_of(card, waiting[-1]["race_key"])
        if len(field) <= 2:
            return ""
        gone = edits.withdraw_runner(card, field[-1]["runner_key"])
        writers.TruncateWriter(self._master).rewrite(key, card)
        return f"{key}: {gone['horse']} will not run in the {waiting[-1]['off']}"

    def _last_day(self) -> dt.date:
        """The newest day in the tree."""
        months = sorted({path.name for path in self._master.glob("*/*/*") if path.is_dir()})
        days = [
            edits.read(self._master, key).days[-1]
            for key in tree.segments(months[-1:])
            if writers.paths(self._master, key)["races"].exists()
        ]
        return dt.date.fromisoformat(max(days)) if days else self._now().date() - ONE_DAY

    def _busiest(self, day: dt.date) -> tuple[SegmentKey, cards.Card]:
        read = [(key, edits.read(self._master, key)) for key in _segments(day)]
        return max(read, key=lambda found: len(found[1].races))

    def _is_off(self, race: Row) -> bool:
        hour, minute = map(int, race["off"].split(":"))
        time = dt.time(hour + 12 if hour < 10 else hour, minute)
        return dt.datetime.combine(dt.date.fromisoformat(race["date"]), time) < self._now()


def _waiting(card: cards.Card) -> list[Row]:
    """Races without a result, in the file's order."""
    run = {row["race_key"] for row in card.runners if row["pos"]}
    return [row for row in card.races if row["race_key"] not in run]


def _segments(day: dt.date) -> Iterator[SegmentKey]:
    return tree.segments([f"{day:%Y-%m}"])


def local_now() -> dt.datetime:
    """The time of day at the courses, without a zone, as the files have it."""
    return dt.datetime.now(LOCAL).replace(tzinfo=None)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Keep a generated tree changing.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seed", type=int, default=tree.SAMPLE_SEED)
    parser.add_argument("--volume", type=float, default=tree.SAMPLE_VOLUME)
    parser.add_argument("--interval", type=float, default=INTERVAL_SECONDS, help="seconds")
    options = parser.parse_args(arguments)
    scraper = Scraper(options.directory, World(options.seed, options.volume), local_now)
    while not select.select([sys.stdin], [], [], options.interval)[0]:
        news = scraper.step()
        if news:
            print(f"scraper: {news}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
