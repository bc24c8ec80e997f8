"""Measure floor and program side by side; end with 1 when something is not as it must be."""

import argparse
import datetime as dt
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from bench import (
    asked,
    backfill,
    days,
    floor,
    limits,
    machine,
    place,
    raw,
    reads,
    standing,
    straight,
    views,
)
from bench.lines import Judged, Line, judge, table
from bench.place import Place

#: In the order of measuring: what comes later needs the database that `backfill` leaves.
PARTS: Mapping[str, Callable[[Place], Iterator[Line]]] = {
    "raw": raw.lines,
    "floor": floor.lines,
    "straight": straight.lines,
    "backfill": backfill.lines,
    "asked": asked.lines,
    "standing": standing.lines,
    "days": days.lines,
    "views": views.lines,
}
#: What needs the database full.
AFTERWARDS = ("asked", "standing", "days", "views")
#: What an earlier run with the same `--keep` has measured, for the ratios.
KEPT = "bench.json"
JSON = Path("build/bench.json")
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
FULL_YEARS = 20


def main() -> int:
    options = _options()
    if options.reads is not None:
        return _reads(options.reads)
    size = place.SMALL if options.small else place.years(options.years)
    load = list(machine.load())
    with _folder(options.keep) as folder, place.at(folder, size, whole=options.whole) as there:
        about = [machine.told(), machine.server(there.settings()), *load]
        lines = _earlier(folder) | _measure(there, options.only)
    judged = judge(lines.values(), limits.SMALL if options.small else limits.FULL)
    document = _document(about, judged)
    for path in (folder / KEPT if options.keep else None, options.json):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document, indent=2) + "\n")
    _print(about, judged, options.markdown)
    return 1 if any(one.kept is False for one in judged) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--small", action="store_true", help="two months; limits on ratios only")
    size.add_argument("--years", type=int, default=FULL_YEARS, help="size (default %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="use and leave tree and server")
    parser.add_argument("--only", type=_parts, default=list(PARTS), metavar=",".join(PARTS))
    parser.add_argument("--whole", action="store_true", help="the straightforward way, all months")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", default=JSON, help="figures go there (%(default)s)"
    )
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="put the table there, between its marks if it has them",
    )
    parser.add_argument(
        "--reads",
        type=Path,
        metavar="DIR",
        help="only how long reads take, on DIR/master and the loaded database in DIR/state",
    )
    return parser.parse_args()


def _parts(text: str) -> list[str]:
    unknown = sorted(set(text.split(",")) - PARTS.keys())
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}")
    return [name for name in PARTS if name in text.split(",")]


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept.absolute()
    else:
        with tempfile.TemporaryDirectory(prefix="giddyup-bench-") as folder:
            yield Path(folder)


def _measure(there: Place, parts: Iterable[str]) -> dict[str, Line]:
    found = {}
    for part in parts:
        began = monotonic()
        if part in AFTERWARDS:
            backfill.require(there)
        for line in PARTS[part](there):
            found[line.name] = line
            print(
                f"  {line.what:<56} {line.median:>12,.2f} {line.unit}", file=sys.stderr, flush=True
            )
        print(f"{part}: {monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return found


def _earlier(folder: Path) -> dict[str, Line]:
    path = folder / KEPT
    if not path.exists():
        return {}
    names = Line.__dataclass_fields__
    return {
        one["name"]: Line(**{name: one[name] for name in names})
        for one in json.loads(path.read_text())["lines"]
    }


def _document(about: list[str], judged: list[Judged]) -> dict[str, object]:
    return {
        "measured_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "about": about,
        "lines": [one.document() for one in judged],
    }


def _print(about: list[str], judged: list[Judged], markdown: Path | None) -> None:
    text = "\n".join([*table(judged), "", *(f"- {line}" for line in about)])
    print(text)
    if markdown is not None:
        _put(markdown, text)


def _put(path: Path, text: str) -> None:
    """Write the text to the file; where it has the two marks, between them."""
    old = path.read_text() if path.exists() else ""
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}" if end else f"{text}\n")


def _reads(where: Path) -> int:
    """Print the medians of every read, idle and while the busy month is loaded."""
    with tempfile.TemporaryDirectory(prefix="giddyup-bench-") as folder:
        taken = standing.reads_of(Path(folder), where)
    for line in reads.table(taken):
        print(line)
    return 0 if all(one.holds for one in taken) else 1


if __name__ == "__main__":
    sys.exit(main())
