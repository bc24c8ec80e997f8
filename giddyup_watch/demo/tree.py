"""Build a master tree, small or as large as the real one.

`python -m giddyup_watch.demo.tree DIRECTORY --years 2005-2024` makes one of full size.
"""

import argparse
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from giddyup_watch.demo import mess, writers
from giddyup_watch.demo.racing import cards
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import SegmentKey

REGIONS = ("gb", "ire")
CODES = ("flat", "jumps")

#: The sample that people see first: as busy as the real thing, and there in seconds.
SAMPLE_SEED, SAMPLE_VOLUME = 1, 1.0
SAMPLE_MONTHS = 3


@dataclass(slots=True)
class Built:
    """What a tree holds, lines that cannot be loaded included."""

    segments: int = 0
    races: int = 0
    runners: int = 0
    dirt: dict[SegmentKey, list[mess.Spot]] = field(default_factory=dict)


def months(first: str, last: str) -> list[str]:
    """Calendar months `YYYY-MM` from `first` to `last`, both included."""
    start, end = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (first, last))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(start, end + 1)]


def segments(
    months: Iterable[str], regions: Sequence[str] = REGIONS, codes: Sequence[str] = CODES
) -> Iterator[SegmentKey]:
    for month in months:
        for region in regions:
            for code in codes:
                yield SegmentKey(region, code, month)


def build(
    master: Path,
    world: World,
    keys: Iterable[SegmentKey],
    *,
    today: dt.date = dt.date.max,
    messy: bool = False,
    progress: Callable[[SegmentKey], None] | None = None,
) -> Built:
    """Write the segments with the main writer, as of the morning of `today`.

    That day's races are not run yet, and there is nothing of the days after
    it. A segment without racing gets no folder. A messy tree has in each
    segment what writers get wrong, told in `dirt`.
    """
    writer = writers.AppendWriter(master)
    built = Built()
    for key in keys:
        card = as_of(world, key, today)
        if card.races:
            if messy:
                built.dirt[key] = mess.spoil(card, world.seed, turn=built.segments)
            writer.append(key, card)
            built.segments += 1
            built.races += len(card.races)
            built.runners += len(card.runners)
        if progress is not None:
            progress(key)
    return built


def as_of(world: World, key: SegmentKey, today: dt.date) -> cards.Card:
    """The segment's card on the morning of `today`."""
    card = world.month(key, until=today)
    waiting = {row["race_key"] for row in card.races if row["date"] == today.isoformat()}
    return cards.unrun(card, waiting) if waiting else card


def sample(master: Path, today: dt.date) -> Built:
    """Three months up to `today`, whose races are still to be run: 2,000 races in 2 s."""
    number = today.year * 12 + today.month - SAMPLE_MONTHS
    first = f"{number // 12:04}-{number % 12 + 1:02}"
    keys = segments(months(first, f"{today:%Y-%m}"))
    return build(master, World(SAMPLE_SEED, SAMPLE_VOLUME), keys, today=today)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write a generated master tree.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--years", default="2024-2024", help="first-last (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--volume", type=float, default=1.0, help="1 is the real thing's size")
    options = parser.parse_args(arguments)
    first, last = options.years.split("-")
    keys = segments(months(f"{first}-01", f"{last}-12"))
    built = build(options.directory, World(options.seed, options.volume), keys)
    print(f"{built.segments} segments, {built.races} races, {built.runners} runners")  # noqa: T201


if __name__ == "__main__":
    main()
