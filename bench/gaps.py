"""How long the gap checks take on a loaded database, asked as the monitor asks them.

`python -m bench.gaps URL MASTER DAY` tells it check by check of any database, say one of full size.
"""

import argparse
import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from giddyup_watch import settings
from giddyup_watch.daemon import terms
from giddyup_watch.gaps import checks
from giddyup_watch.gaps import round as gap_round
from giddyup_watch.gaps.check import Ask
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store import connection

ROUNDS = 31


def measure(url: str, master: Path, day: dt.date) -> Mapping[str, Sequence[float]]:
    """Milliseconds that each check took in each round, as of noon of the day."""
    given = settings.Settings()
    look = layout.look(master, given.master.regions, given.master.codes)
    inventory = Inventory()
    inventory.update(master, look)
    now = dt.datetime.combine(day, dt.time(12), dt.UTC)
    taken: defaultdict[str, list[float]] = defaultdict(list)
    with closing(
        connection.connect(url, application_name="giddyup-watch bench", read_only=True)
    ) as conn:
        said = terms.of(given)
        ask = Ask(conn, said, now, gap_round.window(said, now), inventory)
        every = tuple(checks.registered())
        for turn in range(ROUNDS):
            before = perf_counter()
            for answered in gap_round.put(every, replace(ask, turn=turn)):
                done = perf_counter()
                taken[answered.check.name].append((done - before) * 1000)
                before = done
                if answered.error:
                    raise RuntimeError(f"{answered.check.name}: {answered.error}")
    return taken


def rounds_ms(url: str, master: Path, day: dt.date) -> Sequence[float]:
    """Milliseconds of each round, all checks together."""
    return [sum(each) for each in zip(*measure(url, master, day).values(), strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gaps", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("master", type=Path)
    parser.add_argument("day", type=dt.date.fromisoformat)
    options = parser.parse_args()
    taken = measure(options.url, options.master, options.day)
    for name, each in taken.items():
        print(f"{name:<52} {statistics.median(each):>10,.2f} ms")
    together = map(sum, zip(*taken.values(), strict=True))
    print(f"{'all, median':<52} {statistics.median(together):>10,.2f} ms")


if __name__ == "__main__":
    main()
