"""The programs that write master trees, with their manners.

The first two write in place, the manifest last: whoever reads meanwhile sees
files that are half there. The third replaces each file by a rename.
"""

import csv
import datetime as dt
import io
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from giddyup_watch.demo.racing import layout
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.demo.racing.layout import Row
from giddyup_watch.model import SegmentKey

Manifest = dict[str, Any]
#: What has just been done to a segment when `pause` is called.
Step = Literal[
    "folder", "races", "runners", "unmatched", "manifest emptied", "manifest half", "manifest"
]
_Table = tuple[Literal["races", "runners", "unmatched"], Sequence[str], list[Row]]
Pause = Callable[[Step], None]

SCHEMA_VERSION = "1.0"
DAYS_CLAIMED = 31  # the second writer's idea of every month


def no_pause(_: Step) -> None:
    """Go on at once."""


def paths(master: Path, key: SegmentKey) -> dict[str, Path]:
    """The segment's files by kind: `races`, `runners`, `unmatched`, `manifest`."""
    folder = master / key.region / key.code / key.month
    stem = f"{key.region}_{key.code}_{key.month}"
    kinds = ("races", "runners", "unmatched")
    return {kind: folder / f"{kind}_{stem}.csv" for kind in kinds} | {
        "manifest": folder / "manifest.json"
    }


class AppendWriter:
    """The main writer: rows go to the end of the CSVs, then the manifest is dumped in place."""

    def __init__(self, master: Path, *, pause: Pause = no_pause) -> None:
        self._master = master
        self._pause = pause

    def append(self, key: SegmentKey, card: Card) -> None:
        """Add the card's days, those without racing too, to what the manifest claims.

        It counts the month and validates the batch.
        """
        files = paths(self._master, key)
        files["manifest"].parent.mkdir(parents=True, exist_ok=True)
        self._pause("folder")
        for kind, header, rows in _tables(card, layout.RUNNERS):
            new = not files[kind].exists()
            _write(files[kind], "a", _csv(header, rows, with_header=new))
            self._pause(kind)
        manifest = _added(read_manifest(files["manifest"]), card)
        _dump_in_place(files["manifest"], manifest, self._pause)


class TruncateWriter:
    """The second writer: every file is opened anew, and its manifest claims 31 days a month."""

    def __init__(
        self,
        master: Path,
        *,
        runner_columns: Sequence[str] = layout.RUNNERS,
        pause: Pause = no_pause,
    ) -> None:
        self._master = master
        self._columns = runner_columns
        self._pause = pause

    def rewrite(self, key: SegmentKey, card: Card) -> None:
        """Make the segment's files hold the card and nothing else."""
        files = paths(self._master, key)
        files["manifest"].parent.mkdir(parents=True, exist_ok=True)
        self._pause("folder")
        for kind, header, rows in _tables(card, self._columns):
            _write(files[kind], "w", _csv(header, rows, with_header=True))
            self._pause(kind)
        _dump_in_place(files["manifest"], _claimed(key, card), self._pause)

    def rewrite_tree(self, months: Mapping[SegmentKey, Card]) -> None:
        """Delete every folder below the master directory, then write them all again."""
        clear(self._master)
        for key, card in months.items():
            self.rewrite(key, card)


class RenameWriter:
    """A careful writer: each file is complete before it takes its name, the manifest last."""

    def __init__(self, master: Path, *, pause: Pause = no_pause) -> None:
        self._master = master
        self._pause = pause

    def replace(self, key: SegmentKey, card: Card) -> None:
        files = paths(self._master, key)
        files["manifest"].parent.mkdir(parents=True, exist_ok=True)
        self._pause("folder")
        for kind, header, rows in _tables(card, layout.RUNNERS):
            _swap(files[kind], _csv(header, rows, with_header=True))
            self._pause(kind)
        manifest = _added(_new_manifest(), card)
        _swap(files["manifest"], json.dumps(manifest, indent=2))
        self._pause("manifest")


def clear(master: Path) -> None:
    """Delete every folder below the master directory, as the second writer does first."""
    for child in sorted(master.iterdir()):
        if child.is_dir():
            shutil.rmtree(child)


def by_type(key: SegmentKey, card: Card) -> dict[SegmentKey, Card]:
    """The card in the second writer's folders: one for each race type."""
    months: dict[SegmentKey, Card] = {}
    for race in card.races:
        folder = SegmentKey(key.region, race["type"].lower(), key.month)
        part = months.setdefault(folder, Card())
        part.races.append(race)
        part.runners += [row for row in card.runners if row["race_key"] == race["race_key"]]
    return months


def _tables(card: Card, runner_columns: Sequence[str]) -> Iterator[_Table]:
    """Kind, header and rows of each file to write; no writer makes an empty unmatched file."""
    yield "races", layout.RACES, card.races
    yield "runners", runner_columns, card.runners
    if card.unmatched:
        yield "unmatched", layout.UNMATCHED, card.unmatched


def _csv(header: Sequence[str], rows: Iterable[Row], *, with_header: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    if with_header:
        writer.writerow(header)
    for row in rows:
        if layout.RAW in row:
            text.write(row[layout.RAW])
        else:
            writer.writerow([row.get(name, "") for name in header])
    return text.getvalue()


def _write(path: Path, mode: Literal["a", "w"], text: str) -> None:
    with path.open(mode, newline="", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _swap(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    _write(temporary, "w", text)
    temporary.replace(path)


def _dump_in_place(path: Path, manifest: Manifest, pause: Pause) -> None:
    text = json.dumps(manifest, indent=2)
    half = len(text) // 2
    with path.open("w", encoding="utf-8") as file:
        pause("manifest emptied")
        file.write(text[:half])
        file.flush()
        pause("manifest half")
        file.write(text[half:])
    pause("manifest")


def read_manifest(path: Path) -> Manifest:
    if not path.exists():
        return _new_manifest()
    manifest: Manifest = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _new_manifest() -> Manifest:
    return {
        "schema_version": SCHEMA_VERSION,
        "processed_sources": [],
        "processed_dates": [],
        "race_count": 0,
        "runner_count": 0,
        "unmatched_count": 0,
        "validation": {},
        "last_updated": None,
    }


def _added(manifest: Manifest, card: Card) -> Manifest:
    """The manifest once the batch is added: counts of the month, validation of the batch."""
    return manifest | {
        "processed_dates": sorted({*manifest["processed_dates"], *card.days, *card.processed}),
        "race_count": manifest["race_count"] + len(card.races),
        "runner_count": manifest["runner_count"] + len(card.runners),
        "unmatched_count": manifest["unmatched_count"] + len(card.unmatched),
        "validation": _validation(card),
        "last_updated": _now(),
    }


def _validation(card: Card) -> Manifest:
    matched = sum(1 for row in card.runners if row.get("win_bsp") or row.get("place_bsp"))
    return {
        "total_races": len(card.races),
        "total_runners": len(card.runners),
        "unique_race_keys": len({row.get("race_key") for row in card.races}),
        "unique_runner_keys": len({row.get("runner_key") for row in card.runners}),
        "runners_with_betfair": matched,
        "runners_without_betfair": len(card.runners) - matched,
        "errors": [],
        "warnings": [],
        "validated_at": _now(),
    }


def _claimed(key: SegmentKey, card: Card) -> Manifest:
    return {
        "schema_version": SCHEMA_VERSION,
        "race_count": len(card.races),
        "runner_count": len(card.runners),
        "unmatched_count": len(card.unmatched),
        "processed_dates": [f"{key.month}-{day:02}" for day in range(1, DAYS_CLAIMED + 1)],
        "last_updated": _now(),
    }


def _now() -> str:
    return dt.datetime.now().isoformat()  # noqa: DTZ005 - the real writers leave the zone out
