"""`--dry-run`: the difference is told, nothing is written."""

from pathlib import Path

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import lock, runs
from giddyup_watch.store.connection import Connection
from tests.cli.conftest import Cli
from tests.conftest import LOCK_ID

FLAT = SegmentKey("gb", "flat", "2024-06")


@pytest.fixture
def on_tree(connected_cli: Cli, environ: pytest.MonkeyPatch, master: Path) -> Cli:
    environ.setenv("GIDDYUP_WATCH_MASTER__PATH", str(master))
    environ.setenv("GIDDYUP_WATCH_WATCH__ORPHAN_SECONDS", "0")
    return connected_cli


@pytest.mark.parametrize("command", [("backfill",), ("ingest", "--month", "2024-06")])
def test_nothing_is_written_and_no_lock_needed(
    on_tree: Cli, conn: Connection, command: tuple[str, ...]
) -> None:
    with lock.held(conn, LOCK_ID):
        done = on_tree(*command, "--dry-run", "--json")
    assert done.code == 0
    found = done.json()
    assert found["dry_run"]
    assert found["stats"]["runners_inserted"] > 0
    assert {one["result"] for one in found["segments"]} == {"loaded"}
    assert conn.execute("SELECT count(*) FROM racing.races").fetchone() == (0,)
    assert runs.latest(conn) is None


def test_it_tells_what_the_real_run_then_does(on_tree: Cli, master: Path) -> None:
    on_tree("backfill")
    card = edits.read(master, FLAT)
    winner, _ = edits.correct_result(card, edits.resulted(card)[0])
    writers.TruncateWriter(master).rewrite(FLAT, card)
    text = on_tree("backfill", "--dry-run")
    assert f"runners  {winner['runner_key']}  pos_raw" in text.out
    assert "dry run, nothing written" in text.out
    foretold = on_tree("backfill", "--dry-run", "--json").json()
    done = on_tree("backfill", "--json").json()
    names = ("races_updated", "runners_updated", "runners_inserted", "runners_deleted")
    assert [foretold["stats"][n] for n in names] == [done["stats"][n] for n in names]
    assert foretold["stats"]["runners_updated"] >= 2


def test_what_would_be_held_is_65(on_tree: Cli, master: Path) -> None:
    on_tree("backfill")
    card = edits.read(master, FLAT)
    edits.drop_races(card, [r["race_key"] for r in card.races if r["date"] == card.days[0]][1:])
    writers.TruncateWriter(master).rewrite(FLAT, card)
    done = on_tree("ingest", "--month", "2024-06", "--dry-run")
    assert done.code == 65
    assert "held" in done.out
