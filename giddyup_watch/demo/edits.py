"""What happens to a month after it was written: changes to a card, and damage to a file."""

import csv
import os
from collections.abc import Collection
from pathlib import Path

from giddyup_watch.demo import writers
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.demo.racing.layout import Row
from giddyup_watch.model import SegmentKey


def read(master: Path, key: SegmentKey) -> Card:
    """The segment as its files have it, with the days that its manifest claims."""
    files = writers.paths(master, key)
    claimed = set(writers.read_manifest(files["manifest"])["processed_dates"])
    races, runners, unmatched = (_rows(files[kind]) for kind in ("races", "runners", "unmatched"))
    return Card(races, runners, unmatched, claimed)


def _rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def field_of(card: Card, race_key: str) -> list[Row]:
    """The race's runners, as rows to look at or to change."""
    return [row for row in card.runners if row["race_key"] == race_key]


def resulted(card: Card) -> list[str]:
    """Keys of the races that have a winner and a second."""
    seconds = {row["race_key"] for row in card.runners if row["pos"] == "2"}
    return [row["race_key"] for row in card.races if row["race_key"] in seconds]


def correct_result(card: Card, race_key: str) -> tuple[Row, Row]:
    """The stewards reverse the first two; returns them, the new winner first."""
    places = {row["pos"]: row for row in field_of(card, race_key)}
    first, second = places["1"], places["2"]
    for column in ("pos", "ovr_btn", "btn", "win_lose", "prize", "prize_raw"):
        first[column], second[column] = second[column], first[column]
    return second, first


def withdraw_runner(card: Card, runner_key: str) -> Row:
    """The runner's row is gone, and its race is one smaller; returns the row."""
    row = next(row for row in card.runners if row["runner_key"] == runner_key)
    card.runners.remove(row)
    race = next(race for race in card.races if race["race_key"] == row["race_key"])
    race["ran"] = str(len(field_of(card, row["race_key"])))
    return row


def drop_races(card: Card, race_keys: Collection[str]) -> None:
    """The races are gone with all their runners."""
    card.races = [row for row in card.races if row["race_key"] not in race_keys]
    card.runners = [row for row in card.runners if row["race_key"] not in race_keys]


def drop_day(card: Card, day: str) -> None:
    drop_races(card, {row["race_key"] for row in card.races if row["date"] == day})


def part(card: Card, race_keys: Collection[str]) -> Card:
    """These races and their runners alone: what to append to the other code's folder to misfile."""
    return Card(
        [row for row in card.races if row["race_key"] in race_keys],
        [row for row in card.runners if row["race_key"] in race_keys],
    )


def cut_file(path: Path, size: int) -> None:
    """Leave the file's first `size` bytes; a negative size takes that many off its end."""
    os.truncate(path, size if size >= 0 else path.stat().st_size + size)


def rewrite_text(path: Path, old: bytes, new: bytes) -> None:
    """Replace every `old` in the file, in place: other line ends, a renamed column."""
    path.write_bytes(path.read_bytes().replace(old, new))
