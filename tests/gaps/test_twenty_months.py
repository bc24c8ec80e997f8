"""Twenty months taken away from the middle: found, whatever was taken, and open until repaired."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from giddyup_watch.gaps import recount
from giddyup_watch.gaps.round import Round
from giddyup_watch.ingest import reconcile
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store import ledger
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Incident
from tests.gaps.yard import Yard
from tests.ingest.conftest import race

MONTHS = [SegmentKey("gb", "flat", f"{2021 + n // 12}-{n % 12 + 1:02}") for n in range(24)]
AWAY = MONTHS[2:22]
SPAN = "day >= '2021-03-01' AND day < '2022-11-01'"
CHECKS = ("not_loaded", "count_mismatch")
NOTHING: dict[str, list[str]] = {name: [] for name in CHECKS}
#: Far longer than the window of the checks on race rows.
LATER = dt.timedelta(days=60)


def put(yard: Yard, key: SegmentKey) -> None:
    day = f"{key.month}-15"
    yard.put(key, race(f"race-{day}", [f"a-{day}", f"b-{day}"], day=day))


@pytest.fixture
def yard(conn: Connection, tmp_path: Path) -> Yard:
    """Two years, each month a day of racing, loaded."""
    master = tmp_path / "master"
    master.mkdir()
    yard = Yard(conn, master)
    for key in MONTHS:
        put(yard, key)
    yard.turn()
    assert found(yard.round()) == NOTHING
    return yard


def due(yard: Yard) -> list[SegmentKey]:
    """What the daemon loads next, by its comparison of ledger, memory and disk."""
    known = ledger.fetch_segments(yard.conn)
    remembered = {key: known[key].fingerprint for key in known}
    return sorted(reconcile.due(yard.conn, yard.keys(), remembered, yard.rules))


def mine(made: Round) -> list[Incident]:
    """The open incidents of the two checks that this is about."""
    return [one for one in made.unresolved if one.check_name in CHECKS]


def found(made: Round) -> dict[str, list[str]]:
    """Keys of the open incidents by check."""
    return {
        name: sorted(one.key for one in mine(made) if one.check_name == name) for name in CHECKS
    }


def stays_open(yard: Yard, before: Round) -> bool:
    """Whether months later the very same incidents are open, and none was opened again."""
    after = yard.go(None, yard.ask(after=LATER))
    return [one.gap_id for one in mine(before)] == [one.gap_id for one in mine(after)]


def test_their_files(yard: Yard) -> None:
    for key in AWAY:
        shutil.rmtree(layout.paths(yard.master, key).folder)
    assert due(yard) == AWAY
    yard.turn(*AWAY)
    made = yard.round()
    assert found(made) == NOTHING | {"count_mismatch": [str(key) for key in AWAY]}
    assert stays_open(yard, made)
    for key in AWAY:
        put(yard, key)
    yard.turn(*AWAY)
    assert found(yard.round()) == NOTHING


def test_their_rows_with_the_ledger_left(yard: Yard) -> None:
    yard.strike("races", "runners", where=SPAN)
    cycle = -(-len(MONTHS) // recount.SHARE)
    for turn in range(cycle):
        made = yard.round(turn=turn)
    assert found(made) == NOTHING | {"count_mismatch": [str(key) for key in AWAY]}
    assert {one.severity for one in mine(made)} == {"critical"}
    assert stays_open(yard, made)
    yard.turn(*AWAY, trigger="cli", force=True)
    assert found(yard.round(turn=0)) == NOTHING


def test_their_partitions(yard: Yard) -> None:
    for key in AWAY:
        table = key.month.replace("-", "_")
        yard.alter(f"TRUNCATE racing.races_{table}, racing.runners_{table}")
    made = yard.round(turn=0)
    assert found(made) == NOTHING | {"count_mismatch": [str(key) for key in AWAY]}
    assert stays_open(yard, made)


def test_their_rows_and_the_ledger_of_them(yard: Yard) -> None:
    yard.strike("races", "runners", "ingested_days", "ledger_days", "ledger_races", where=SPAN)
    yard.alter(
        "DELETE FROM racing.ledger_segments WHERE month BETWEEN %s AND %s",
        AWAY[0].first_day,
        AWAY[-1].first_day,
    )
    made = yard.round(turn=0)
    days = [f"gb/flat/{key.month}-15" for key in AWAY]
    assert found(made) == NOTHING | {"not_loaded": days}
    assert stays_open(yard, made)
    assert due(yard) == AWAY
    yard.turn(*AWAY)
    assert found(yard.round(turn=0)) == NOTHING
    assert yard.count("racing.runners") == 2 * len(MONTHS)
