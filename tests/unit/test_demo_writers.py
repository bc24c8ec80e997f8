"""The pretend writers have the manners of the real ones, good and bad."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing import layout
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import content, snapshot

KEY = SegmentKey("gb", "jumps", "2024-02")
WORLD = World(seed=1)


def _card(*days: int) -> Card:
    card = Card()
    for day in days:
        card.extend(WORLD.day(KEY.region, KEY.code, dt.date(2024, 2, day)))
    return card


def _manifest(master: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(writers.paths(master, KEY)["manifest"].read_text())
    return manifest


def _assert_clean(master: Path) -> content.Content:
    """The segment reads as whole, agrees with its manifest and has nothing to complain of."""
    found = snapshot.read(master, KEY)
    assert found.manifest is not None
    parsed = content.parse(found)
    assert parsed.agrees(found.manifest)
    assert parsed.rejects == []
    assert [day.rejects for day in parsed.days.values() if day.rejects] == []
    return parsed


def test_append_adds_a_day_behind_the_others(tmp_path: Path) -> None:
    writer = writers.AppendWriter(tmp_path)
    writer.append(KEY, _card(1, 2))
    before = writers.paths(tmp_path, KEY)["runners"].read_bytes()
    writer.append(KEY, _card(3))
    after = writers.paths(tmp_path, KEY)["runners"].read_bytes()
    assert after.startswith(before)
    assert len(after) > len(before)
    assert after.count(b"runner_key") == 1
    assert after.count(b"\r\n") == after.count(b"\n")
    assert sorted(map(str, _assert_clean(tmp_path).days)) == _card(1, 2, 3).days
    assert edits.read(tmp_path, KEY) == _card(1, 2, 3)


def test_the_main_manifest_counts_the_month_and_validates_the_batch(tmp_path: Path) -> None:
    writer = writers.AppendWriter(tmp_path)
    writer.append(KEY, _card(1, 2))
    writer.append(KEY, _card(3))
    manifest = _manifest(tmp_path)
    whole, batch = _card(1, 2, 3), _card(3)
    assert manifest["schema_version"] == "1.0"
    assert manifest["processed_dates"] == whole.days
    assert manifest["race_count"] == len(whole.races)
    assert manifest["runner_count"] == len(whole.runners)
    assert manifest["validation"]["total_races"] == len(batch.races)
    assert manifest["validation"]["unique_runner_keys"] == len(batch.runners)


def test_the_main_manifest_claims_days_without_racing_too(tmp_path: Path) -> None:
    """A day that was never looked at is told from one without racing by nothing else."""
    card = Card()
    days = [dt.date(2024, 6, day) for day in range(3, 10)]
    for day in days:
        card.extend(WORLD.day("ire", "jumps", day))
    writers.AppendWriter(tmp_path).append(KEY, card)
    claimed = _manifest(tmp_path)["processed_dates"]
    assert claimed == [day.isoformat() for day in days]
    assert set(card.days) < set(claimed)
    assert edits.read(tmp_path, KEY).processed == set(claimed)


def test_the_second_writer_starts_anew_and_claims_31_days(tmp_path: Path) -> None:
    writers.AppendWriter(tmp_path).append(KEY, _card(1, 2))
    writers.TruncateWriter(tmp_path).rewrite(KEY, _card(2, 3))
    assert edits.read(tmp_path, KEY) == _card(2, 3)
    assert _manifest(tmp_path)["processed_dates"][-1] == "2024-02-31"
    assert "validation" not in _manifest(tmp_path)
    _assert_clean(tmp_path)


def test_the_second_writer_may_have_a_short_header(tmp_path: Path) -> None:
    writer = writers.TruncateWriter(tmp_path, runner_columns=layout.SHORT_RUNNERS)
    writer.rewrite(KEY, _card(1))
    header = writers.paths(tmp_path, KEY)["runners"].read_text().partition("\n")[0]
    assert header.strip() == ",".join(layout.SHORT_RUNNERS)
    assert _assert_clean(tmp_path).unknown_columns["runners"] == ("sp",)


def test_the_second_writer_deletes_every_folder_first(tmp_path: Path) -> None:
    other = SegmentKey("ire", "flat", "2024-05")
    writers.AppendWriter(tmp_path).append(other, WORLD.month(other))
    (tmp_path / "notes.txt").write_text("kept")
    writers.TruncateWriter(tmp_path).rewrite_tree({KEY: _card(1)})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gb", "notes.txt"]
    _assert_clean(tmp_path)


def test_the_second_writer_names_folders_after_race_types() -> None:
    card = WORLD.month(KEY)
    parts = writers.by_type(KEY, card)
    assert {part.code for part in parts} == {"hurdle", "chase", "nh flat"}
    assert sum(len(part.runners) for part in parts.values()) == len(card.runners)


@pytest.mark.parametrize("kind", ["append", "rewrite"])
def test_writers_in_place_show_half_written_files(tmp_path: Path, kind: str) -> None:
    seen: dict[writers.Step, bytes] = {}
    manifest = writers.paths(tmp_path, KEY)["manifest"]

    def look(step: writers.Step) -> None:
        seen[step] = manifest.read_bytes() if manifest.exists() else b"none"

    if kind == "append":
        writers.AppendWriter(tmp_path, pause=look).append(KEY, _card(1))
    else:
        writers.TruncateWriter(tmp_path, pause=look).rewrite(KEY, _card(1))
    assert seen["folder"] == seen["races"] == seen["runners"] == b"none"
    assert seen["manifest emptied"] == b""
    assert 0 < len(seen["manifest half"]) < len(seen["manifest"])
    with pytest.raises(json.JSONDecodeError):
        json.loads(seen["manifest half"])


def test_the_careful_writer_never_shows_half_a_file(tmp_path: Path) -> None:
    writers.RenameWriter(tmp_path).replace(KEY, _card(1))
    sizes: list[dict[str, int]] = []

    def look(_: writers.Step) -> None:
        files = writers.paths(tmp_path, KEY)
        sizes.append({kind: path.stat().st_size for kind, path in files.items() if path.exists()})

    writers.RenameWriter(tmp_path, pause=look).replace(KEY, _card(1, 2, 3))
    first, last = sizes[0], sizes[-1]
    assert all(size[kind] in (first[kind], last[kind]) for size in sizes for kind in first)
    assert sorted(path.suffix for path in writers.paths(tmp_path, KEY)["races"].parent.iterdir())
    _assert_clean(tmp_path)
    assert list(tmp_path.rglob("*.tmp")) == []
