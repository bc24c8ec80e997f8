"""Three writers at work at once, each in months of its own, until they are told to settle."""

import datetime as dt
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from giddyup_watch.demo import edits, tree, writers
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.model import SegmentKey

MONTHS = tree.months("2024-01", "2024-03")
WORLD = World(seed=21, volume=0.1)


class Scribe(threading.Thread):
    """Does one turn after the other, `rest` seconds apart; `settle` leaves whole months behind."""

    def __init__(self, master: Path, keys: Sequence[SegmentKey], seed: int, rest: float) -> None:
        super().__init__()
        self.turns = 0
        self.keys = list(keys)
        self._master = master
        self._chance = random.Random(seed)
        self._rest = rest
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._rest):
            self._turn()
            self.turns += 1

    def settle(self) -> None:
        self._stopped.set()
        self.join()
        self._finish()

    def _turn(self) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        raise NotImplementedError


class Appender(Scribe):
    """Day by day to the end of its months; then it begins again, with nothing."""

    def __init__(self, master: Path, keys: Sequence[SegmentKey], seed: int, rest: float) -> None:
        super().__init__(master, keys, seed, rest)
        self._days = self._ahead()

    def _ahead(self) -> Iterator[tuple[SegmentKey, Card]]:
        for key in self.keys:
            for old in writers.paths(self._master, key).values():
                old.unlink(missing_ok=True)
            for day in _days(key):
                card = WORLD.day(key.region, key.code, day)
                if card.races:
                    yield key, card

    def _turn(self) -> None:
        following = next(self._days, None)
        if following is None:
            self._days = self._ahead()
        else:
            writers.AppendWriter(self._master).append(*following)

    def _finish(self) -> None:
        for key, card in self._days:
            writers.AppendWriter(self._master).append(key, card)


class Rewriter(Scribe):
    """Corrects results and withdraws runners, with months as they were before in between."""

    def _turn(self) -> None:
        key = self._chance.choice(self.keys)
        card = WORLD.month(key)
        for _ in range(self._chance.randrange(4)):
            edits.correct_result(card, self._chance.choice(edits.resulted(card)))
        for race in self._chance.sample(card.races, self._chance.randrange(3)):
            edits.withdraw_runner(card, edits.field_of(card, race["race_key"])[0]["runner_key"])
        self._write(key, card)

    def _finish(self) -> None:
        for key in self.keys:
            self._write(key, WORLD.month(key))

    def _write(self, key: SegmentKey, card: Card) -> None:
        raise NotImplementedError


class Truncater(Rewriter):
    """Opens every file anew, and is now and then interrupted with half of it written."""

    def _write(self, key: SegmentKey, card: Card) -> None:
        writers.TruncateWriter(self._master).rewrite(key, card)

    def _turn(self) -> None:
        if self._chance.random() > 0.1:
            super()._turn()
            return
        key = self._chance.choice(self.keys)
        path = writers.paths(self._master, key)[self._chance.choice(["races", "runners"])]
        if path.exists():
            edits.cut_file(path, self._chance.randrange(path.stat().st_size))


class Renamer(Rewriter):
    """Each file appears whole; now and then a folder is moved away and back."""

    def _write(self, key: SegmentKey, card: Card) -> None:
        writers.RenameWriter(self._master).replace(key, card)

    def _turn(self) -> None:
        super()._turn()
        folder = writers.paths(self._master, self._chance.choice(self.keys))["manifest"].parent
        if self._chance.random() < 0.1 and folder.exists():
            away = self._master.with_name("away")
            folder.rename(away)
            self._stopped.wait(self._chance.uniform(0, 0.2))
            away.rename(folder)


@contextmanager
def at_work(master: Path, seed: int, rest: float) -> Iterator[list[Scribe]]:
    """One of each kind; who leaves without having settled them leaves a tree half written."""
    parts: list[tuple[type[Scribe], tuple[str, str]]] = [
        (Appender, ("gb", "flat")),
        (Truncater, ("gb", "jumps")),
        (Renamer, ("ire", "jumps")),
    ]
    scribes: list[Scribe] = []
    for kind, (region, code) in parts:
        keys = [key for key in tree.segments(MONTHS, [region], [code]) if WORLD.month(key).races]
        scribes.append(kind(master, keys, seed, rest))
    for scribe in scribes:
        scribe.start()
    try:
        yield scribes
    finally:
        for scribe in scribes:
            scribe.settle()


def _days(key: SegmentKey) -> Iterator[dt.date]:
    day = key.first_day
    while key.holds(day):
        yield day
        day += dt.timedelta(days=1)
