"""A month that is being written is loaded as it was or as it will be, and nothing in between."""

import datetime as dt
import json
import threading
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.store import connection
from tests import comparison
from tests.faults import stepping
from tests.faults.conftest import FLAT, Stage
from tests.ingest.conftest import Bench

MONTH = World(seed=5, volume=0.1).month(FLAT)
#: Seconds for which a half-written month is nobody's fault.
PATIENCE = 3600.0
#: Calls in which a writer changes what can be seen: at least one for each file.
FEWEST = 5


def _days(first: int, last: int | None) -> Card:
    days = MONTH.days[first:last]
    return edits.part(MONTH, {row["race_key"] for row in MONTH.races if row["date"] in days})


@pytest.mark.failure(line=10)
@pytest.mark.parametrize(
    ("writer", "how", "card"),
    [
        ("AppendWriter", "append", _days(2, None)),
        ("TruncateWriter", "rewrite", MONTH),
        ("RenameWriter", "replace", MONTH),
    ],
)
def test_held_up_at_every_system_call(
    database: str, tmp_path: Path, writer: str, how: str, card: Card
) -> None:
    master = tmp_path / "stepped"
    writers.AppendWriter(master).append(FLAT, _days(0, 2))
    seen = []
    with closing(connection.connect(database, application_name="in between")) as conn:
        bench = Bench(conn, master, orphan_seconds=PATIENCE)
        bench.load(FLAT)
        seen.append(_rows(database))
        for _ in stepping.write(writer, master, how, FLAT, card):
            bench.load(FLAT)
            seen.append(_rows(database))
    assert len(seen) > FEWEST
    turn = next(n for n, rows in enumerate(seen) if rows != seen[0])
    assert turn == len(seen) - 1, "loaded before the last call"
    assert sum(count for count, _ in seen[-1].values()) == len(MONTH.races) + len(MONTH.runners)


@pytest.mark.failure(line=9)
@pytest.mark.parametrize("seconds", [2, pytest.param(120, marks=pytest.mark.slow)])
def test_rewritten_without_a_pause(stage: Stage, seconds: float) -> None:
    """Most looks find a manifest that is empty, cut, or of other files: that is no complaint."""
    stage.load()
    done = threading.Event()

    def rewrite() -> None:
        writer, card = writers.TruncateWriter(stage.master), stage.card()
        while not done.is_set():
            edits.correct_result(card, edits.resulted(card)[0])
            writer.rewrite(FLAT, card)

    thread = threading.Thread(target=rewrite)
    with stage.daemon(watch__orphan_seconds=PATIENCE, watch__deadline_ms=200) as daemon:
        thread.start()
        done.wait(seconds)
        done.set()
        thread.join()
        stage.assert_ends_equal()
        lines = map(json.loads, daemon.log.read_text().splitlines())
        assert [line for line in lines if line["level"] not in ("debug", "info")] == []


def _rows(url: str) -> dict[tuple[str, dt.date], tuple[int, str]]:
    facts = comparison.facts(url)
    return {place: facts[place] for place in facts if place[0] in ("races", "runners")}
