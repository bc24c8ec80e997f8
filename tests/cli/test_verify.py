"""`verify` from the command line: what it prints, as text and JSON, and how it ends."""

import shutil
from pathlib import Path

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.explain import verify as proving
from giddyup_watch.explain.proof import RESULTS
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import Rules, SegmentKey
from giddyup_watch.store import lock, runs, verified
from giddyup_watch.store.connection import Connection
from tests.cli.conftest import Cli
from tests.conftest import LOCK_ID

FLAT = SegmentKey("gb", "flat", "2024-06")


@pytest.fixture
def verify(connected_cli: Cli, environ: pytest.MonkeyPatch, master: Path) -> Cli:
    """`verify` on a tree of two months that is loaded."""
    environ.setenv("GIDDYUP_WATCH_MASTER__PATH", str(master))
    environ.setenv("GIDDYUP_WATCH_WATCH__ORPHAN_SECONDS", "0")
    assert connected_cli("backfill").code == 0
    return lambda *args: connected_cli("verify", *args)


@pytest.fixture
def victim(master: Path) -> dict[str, str]:
    """A runner of a loaded race."""
    return edits.read(master, FLAT).runners[0]


def test_an_equal_database_is_0(verify: Cli, segments: list[SegmentKey]) -> None:
    done = verify("--json")
    found = done.json()
    assert (done.code, found["different"]) == (0, False)
    assert found["results"] == dict.fromkeys(RESULTS, 0) | {"equal": 8}
    assert [one["segment"] for one in found["segments"][:4]] == [
        str(key) for key in segments if key.month == FLAT.month
    ]
    assert found["runners"]["compared"] > found["races"]["compared"] > 0
    assert {len(one["days"]) for one in found["segments"]} == {0}
    assert verify().out.startswith("8 segments: 8 equal; ")


@pytest.mark.long
def test_what_was_proven_and_has_not_changed_is_said_so_unless_all_is_asked_for(
    verify: Cli, conn: Connection, master: Path, segments: list[SegmentKey], victim: dict[str, str]
) -> None:
    for proof in list(proving.prove(Session(conn, master, Rules(), LOCK_ID, 0.0), segments)):
        proving.record(conn, proof)
    remembered = "; nothing changed since its proof in 8 of them"
    assert verify().out.strip().endswith(remembered)
    assert "since its proof" not in verify("--full").out
    for options, count in ((), 8), (("--full",), 0):
        found = verify("--json", *options).json()["segments"]
        assert sum(one["remembered"] for one in found) == count
    key = victim["runner_key"]
    conn.execute("UPDATE racing.runners SET lbs = 1 WHERE runner_key = %s", (key,))
    assert [verify(*options).code for options in ((), ("--full",))] == [1, 1]


def test_a_price_is_told_to_its_last_digit(
    verify: Cli, conn: Connection, victim: dict[str, str]
) -> None:
    key = victim["runner_key"]
    conn.execute("UPDATE racing.runners SET win_bsp = 99.257 WHERE runner_key = %s", (key,))
    told = [line.split() for line in verify().out.splitlines() if "  changed  " in line]
    assert [cells[3:6] for cells in told] == [[key, "win_bsp", "99.257"]]


def test_a_row_changed_behind_our_back_is_1_and_named(
    verify: Cli, connected_cli: Cli, conn: Connection, victim: dict[str, str]
) -> None:
    key = victim["runner_key"]
    conn.execute("UPDATE racing.runners SET lbs = 1 WHERE runner_key = %s", (key,))
    done = verify()
    assert done.code == 1
    assert f"1 runners changed (runner {key} has lbs 1, the file {victim['lbs']})" in done.out
    assert f"changed  runners  {key}  lbs" in done.out
    repair = done.out.splitlines()[-1].partition("giddyup-watch ")[2]
    found = verify("--json").json()
    assert found["different"]
    (segment,) = (one for one in found["segments"] if one["result"] == "different")
    (day,) = segment["days"]
    assert (segment["segment"], day["runners"]["changed"]) == (str(FLAT), 1)
    assert day["sample"] == [
        {
            "fault": "changed", "table": "runners", "key": key, "column": "lbs",
            "stored": 1, "wanted": int(victim["lbs"]),
        }
    ]  # fmt: skip
    assert connected_cli(*repair.split()).code == 0
    assert verify().code == 0


def test_only_what_was_asked_for_is_compared(verify: Cli) -> None:
    def compared(*args: str) -> set[str]:
        return {one["segment"] for one in verify("--json", *args).json()["segments"]}

    assert compared("--month", "2024-06", "--region", "gb") == {
        "gb/flat/2024-06",
        "gb/jumps/2024-06",
    }
    assert len(compared("--month", "2024-06", "--month", "2024-05", "--code", "flat")) == 4
    assert compared("--month", "2011-01") == set()


def test_what_is_behind_or_gone_is_no_difference(
    verify: Cli, connected_cli: Cli, master: Path
) -> None:
    card = edits.read(master, FLAT)
    edits.correct_result(card, edits.resulted(card)[0])
    writers.TruncateWriter(master).rewrite(FLAT, card)
    shutil.rmtree(master / "gb/jumps/2024-06")
    done = verify()
    assert done.code == 0
    assert "behind  the files changed since" in done.out
    assert "absent  gb/jumps/2024-06" in done.out


def test_rows_of_others_are_told(verify: Cli, conn: Connection) -> None:
    conn.execute(
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('x', '2024-06-07', 'GB', 'X', 'Flat', 1)"
    )
    done = verify()
    assert done.code == 0
    assert "2024-06-07  equal   others wrote 1 races" in done.out
    assert "1 rows of others" in done.out


def test_no_lock_is_needed_and_nothing_written(verify: Cli, conn: Connection) -> None:
    before = runs.latest(conn)
    with lock.held(conn, LOCK_ID):
        assert verify().code == 0
    assert verified.fetch(conn) == {}
    assert runs.latest(conn) == before


def test_without_a_tree_it_is_66(verify: Cli, master: Path) -> None:
    shutil.rmtree(master)
    assert verify().code == 66
