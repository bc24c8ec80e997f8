"""`python -m bench`: run every case, print a table, end with 1 when a limit is passed."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import cases, reads
from bench.cases import Measure
from giddyup_watch.demo import tree


def _cases(folder: Path, *, small: bool) -> Iterator[Measure]:
    yield from cases.reads_of_a_small_tree(folder / "reads")
    months = tree.months("2024-06", "2024-07") if small else tree.months("2024-01", "2024-12")
    yield from cases.busy_segment(folder / "busy")
    yield from cases.first_load(folder / "year", months, samples=5 if small else 20)
    yield from cases.idle(folder / "idle", seconds=20 if small else 60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="two months instead of a year")
    parser.add_argument(
        "--reads",
        type=Path,
        metavar="DIR",
        help="only how long reads take, on DIR/master and the loaded database in DIR/state",
    )
    options = parser.parse_args()
    if options.reads is not None:
        return _reads(options.reads)
    held = True
    with tempfile.TemporaryDirectory(prefix="giddyup-bench-") as folder:
        for measure in _cases(Path(folder), small=options.small):
            limit = "" if measure.limit is None else f"below {measure.limit:g}"
            verdict = "" if measure.holds else "  PASSED ITS LIMIT"
            print(
                f"{measure.what:<52} {measure.value:>10,.2f} {measure.unit:<10} {limit}{verdict}",
                flush=True,
            )
            held = held and measure.holds
    return 0 if held else 1


def _reads(place: Path) -> int:
    """Print the medians of every read, idle and while the busy month is loaded."""
    with tempfile.TemporaryDirectory(prefix="giddyup-bench-") as folder:
        taken = cases.reads_of(Path(folder), place)
    for line in reads.table(taken):
        print(line)
    return 0 if all(one.holds for one in taken) else 1


if __name__ == "__main__":
    sys.exit(main())
