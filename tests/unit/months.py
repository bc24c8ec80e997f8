"""A month's files for the tests of source: small, valid, and easy to damage."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from giddyup_watch.model import TABLES, Fingerprint, SegmentKey, Table
from giddyup_watch.source import cells, content, layout, tree
from giddyup_watch.source.content import Content, Race, Runner
from giddyup_watch.source.manifest import Manifest
from giddyup_watch.source.snapshot import Snapshot

KEY = SegmentKey("gb", "flat", "2024-01")
REGIONS, CODES = ("gb", "ire"), ("flat", "jumps")


def _columns(text: str) -> list[str]:
    return text.split(",")


RACE_HEADER = _columns(
    "date,region,course,off,race_name,type,class,pattern,rating_band,age_band,sex_rest,dist,"
    "dist_f,dist_m,going,surface,ran,race_key"
)
RUNNER_HEADER = _columns(
    "race_key,num,pos,draw,ovr_btn,btn,horse,age,sex,lbs,hg,time,secs,dec,jockey,trainer,prize,"
    "prize_raw,or,rpr,sire,dam,damsire,owner,comment,win_bsp,win_ppwap,win_morningwap,win_ppmax,"
    "win_ppmin,win_ipmax,win_ipmin,win_morning_vol,win_pre_vol,win_ip_vol,win_lose,place_bsp,"
    "place_ppwap,place_morningwap,place_ppmax,place_ppmin,place_ipmax,place_ipmin,"
    "place_morning_vol,place_pre_vol,place_ip_vol,place_win_lose,runner_key,match_jaccard,"
    "match_time_diff_min,match_reason"
)
SHORT_RUNNER_HEADER = _columns(
    "runner_key,race_key,num,pos,draw,horse,age,jockey,trainer,lbs,or,rpr,sp,comment,win_bsp,"
    "win_ppwap,place_bsp,place_ppwap,match_jaccard,match_time_diff_min,match_reason"
)

Row = Mapping[str, str]


def race(key: str = "r1", day: int = 1, **changes: str) -> dict[str, str]:
    """One race as the main writer has it; `type_` and `class_` stand for Python's words."""
    row = {
        "date": f"2024-01-{day:02d}",
        "region": "GB",
        "course": "Kempton (AW)",
        "off": "2:10",
        "race_name": "The Winter Handicap, Division One",
        "type": "Flat",
        "class": "Class 4",
        "dist": "1m4f",
        "dist_f": "12f",
        "dist_m": "2414",
        "going": "Standard",
        "surface": "AW",
        "ran": "2",
        "race_key": key,
    }
    return row | {name.rstrip("_"): value for name, value in changes.items()}


def runner(race_key: str = "r1", num: int = 1, **changes: str) -> dict[str, str]:
    row = {
        "race_key": race_key,
        "runner_key": f"{race_key}-{num}",
        "num": str(num),
        "pos": str(num),
        "horse": f"Élan {num} (FR)",
        "age": "4",
        "dec": "3.5",
        "prize": "£1,234.50",
        "prize_raw": "£1,234.50",
        "comment": 'held up, "never nearer" - stayed on',
        "win_bsp": "4.1",
        "or": "–",  # noqa: RUF001 - as writers put it
    }
    return row | {name.rstrip("_"): value for name, value in changes.items()}


def encode(header: Sequence[str], rows: Iterable[Row], newline: str = "\n") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", extrasaction="ignore", lineterminator=newline)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def races_csv(*rows: Row, header: Sequence[str] = RACE_HEADER) -> bytes:
    return encode(header, rows)


def runners_csv(*rows: Row, header: Sequence[str] = RUNNER_HEADER) -> bytes:
    return encode(header, rows)


def small_month() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Three races on two days, two runners each."""
    races = [race("r1", 1), race("r2", 1, off="14:45"), race("r3", 2)]
    return races, [runner(r["race_key"], num) for r in races for num in (1, 2)]


def snapshot_of(races: bytes, runners: bytes, key: SegmentKey = KEY) -> Snapshot:
    nothing = Fingerprint(None, None, None)
    return Snapshot(key, tree.NOT_THERE, nothing, None, "missing", races, runners)


def parse(races: bytes, runners: bytes, key: SegmentKey = KEY) -> Content:
    parsed = content.parse(snapshot_of(races, runners, key))
    assert_every_line_counted(parsed)
    return parsed


def parse_rows(races: Iterable[Row], runners: Iterable[Row], key: SegmentKey = KEY) -> Content:
    return parse(races_csv(*races), runners_csv(*runners), key)


def assert_every_line_counted(parsed: Content) -> None:
    """Hold the identity that the run's statistics rest on, per day and over each file."""
    for table in TABLES:
        dated = 0
        for day in parsed.days.values():
            in_day = len(day.races)
            if table == "runners":
                in_day = sum(len(race.runners) for race in day.races.values())
            rejected = sum(reject.table == table for reject in day.rejects)
            assert day.lines[table] == in_day + rejected + day.duplicates[table]
            dated += day.lines[table]
        undated = sum(reject.table == table for reject in parsed.rejects)
        assert parsed.lines[table] == dated + undated
        assert parsed.duplicates[table] == sum(d.duplicates[table] for d in parsed.days.values())


def cell(row: Race | Runner, name: str) -> str:
    table: Table = "races" if isinstance(row, Race) else "runners"
    return row.cells[cells.position(table, name)]


def claim(races: int, runners: int) -> Manifest:
    """What the manifest of `write` says; it records no batches."""
    return Manifest(races, runners, (), "", by_batch=False)


def write(
    master: Path, key: SegmentKey = KEY, races: bytes | None = None, runners: bytes | None = None
) -> layout.Paths:
    """Put a month folder on disk, a small valid one unless told otherwise."""
    paths = layout.paths(master, key)
    some_races, some_runners = small_month()
    paths.folder.mkdir(parents=True, exist_ok=True)
    paths.races.write_bytes(races_csv(*some_races) if races is None else races)
    paths.runners.write_bytes(runners_csv(*some_runners) if runners is None else runners)
    counts = {"race_count": len(some_races), "runner_count": len(some_runners)}
    paths.manifest.write_text(json.dumps(counts))
    return paths
