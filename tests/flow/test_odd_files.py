"""Files that look unlike the main writer's but say the same end as the same rows."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing import layout
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import SegmentKey
from tests import comparison, server
from tests.flow import loading

KEY = SegmentKey("ire", "jumps", "2024-03")
CARD = World(seed=6, volume=0.8).month(KEY)
Facts = dict[tuple[str, object], tuple[int, str]]


def _mark(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def _unix_line_ends(path: Path) -> None:
    edits.rewrite_text(path, b"\r\n", b"\n")


def _blank_lines(path: Path) -> None:
    edits.rewrite_text(path, b"\r\n", b"\r\n\r\n")


def _capitals(path: Path) -> None:
    header, end, rows = path.read_bytes().partition(b"\r\n")
    path.write_bytes(header.upper() + end + rows)


def _unknown_column(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\r\n".join([b"x" + b"," + line for line in lines]) + b"\r\n")


def _facts(url: str) -> Facts:
    """Races and runners: the ledger speaks of the files, which differ."""
    return {key: v for key, v in comparison.facts(url).items() if key[0] in ("races", "runners")}


@pytest.fixture
def expected(second_database: str, tmp_path: Path) -> Facts:
    writers.AppendWriter(tmp_path / "plain").append(KEY, CARD)
    loading.load(second_database, tmp_path / "plain")
    return _facts(second_database)


@pytest.mark.failure(line=14)
@pytest.mark.parametrize(
    "change", [_mark, _unix_line_ends, _blank_lines, _capitals, _unknown_column]
)
def test_a_file_of_another_look(
    change: Callable[[Path], None], database: str, master: Path, expected: Facts
) -> None:
    writers.AppendWriter(master).append(KEY, CARD)
    for kind in ("races", "runners"):
        change(writers.paths(master, KEY)[kind])
    (outcome,) = loading.load(database, master)
    assert outcome.result == "loaded"
    assert _facts(database) == expected


@pytest.mark.failure(line=14)
def test_columns_in_another_order(database: str, master: Path, expected: Facts) -> None:
    columns = tuple(reversed(layout.RUNNERS))
    writers.TruncateWriter(master, runner_columns=columns).rewrite(KEY, CARD)
    loading.load(database, master)
    assert _facts(database) == expected


@pytest.mark.failure(line=14)
def test_the_short_header_leaves_null_what_it_lacks(database: str, master: Path) -> None:
    writer = writers.TruncateWriter(master, runner_columns=layout.SHORT_RUNNERS)
    writer.rewrite(KEY, CARD)
    (outcome,) = loading.load(database, master)
    assert outcome.result == "loaded"
    with psycopg.connect(server.as_owner(database)) as conn:
        counts = conn.execute(
            "SELECT count(*), count(horse_id), count(comment), count(owner_id), count(secs)"
            " FROM racing.runners"
        ).fetchone()
    rows = len(CARD.runners)
    assert counts == (rows, rows, rows, 0, 0)


def test_folders_named_after_race_types(database: str, master: Path) -> None:
    for key, card in writers.by_type(KEY, CARD).items():
        writers.TruncateWriter(master).rewrite(key, card)
    assert loading.load(database, master) == []
    outcomes = loading.load(database, master, codes=("hurdle", "chase", "nh flat"))
    assert {outcome.key.code for outcome in outcomes} == {"hurdle", "chase", "nh flat"}
    with psycopg.connect(server.as_owner(database)) as conn:
        counts = conn.execute("SELECT count(*) FROM racing.runners").fetchone()
    assert counts == (len(CARD.runners),)
