"""`ingest`: which days it takes, what it says, what it ends with."""

from pathlib import Path

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import runs
from giddyup_watch.store.connection import Connection
from tests.cli.conftest import Cli, Done

FLAT = SegmentKey("gb", "flat", "2024-06")


@pytest.fixture
def ingest(connected_cli: Cli, environ: pytest.MonkeyPatch, master: Path) -> Cli:
    """`ingest` on the small tree; files are taken as they are, however young."""
    environ.setenv("GIDDYUP_WATCH_MASTER__PATH", str(master))
    environ.setenv("GIDDYUP_WATCH_WATCH__ORPHAN_SECONDS", "0")
    return lambda *args: connected_cli("ingest", *args)


def days_loaded(conn: Connection) -> set[tuple[str, str, str]]:
    found = conn.execute("SELECT region, code, d::text FROM racing.ingested_days")
    return set(found.fetchall())


def count(conn: Connection, table: str) -> int:
    (rows,) = conn.execute(f"SELECT count(*) FROM racing.{table}").fetchone() or (0,)
    return int(rows)


def row(done: Done, key: SegmentKey) -> list[str]:
    """The words of the segment's line in the table."""
    return next(words for line in done.out.splitlines() if (words := line.split())[0] == str(key))


def test_one_day_of_one_folder(ingest: Cli, conn: Connection, master: Path) -> None:
    day = edits.read(master, FLAT).days[0]
    done = ingest("--region", "gb", "--code", "flat", "--date", day)
    assert done.code == 0
    assert days_loaded(conn) == {("gb", "flat", day)}
    assert row(done, FLAT)[:3] == ["gb/flat/2024-06", "loaded", "1"]


def test_a_month_of_all_folders(
    ingest: Cli, conn: Connection, master: Path, segments: list[SegmentKey]
) -> None:
    done = ingest("--month", "2024-06", "--json")
    assert done.code == 0
    june = [key for key in segments if key.month == "2024-06"]
    assert {one["segment"] for one in done.json()["segments"]} == {str(key) for key in june}
    assert count(conn, "races") == sum(len(edits.read(master, key).races) for key in june)
    assert done.json()["stats"]["runners_inserted"] == count(conn, "runners")


def test_a_range_may_span_months(ingest: Cli, segments: list[SegmentKey]) -> None:
    done = ingest("--from", "2024-05-31", "--to", "2024-06-01", "--json")
    assert {one["segment"] for one in done.json()["segments"]} == set(map(str, segments))


def test_days_without_a_folder_are_a_run_that_did_nothing(ingest: Cli, conn: Connection) -> None:
    done = ingest("--date", "today", "--date", "yesterday")
    assert done.code == 0
    assert "segments none" in done.out
    assert done.err == "Nothing of these days is on disk.\n"
    run = runs.latest(conn)
    assert run is not None
    assert (run.status, run.scope["trigger"], len(run.scope["dates"])) == ("success", "cli", 2)


def test_unchanged_content_is_loaded_again_only_by_force(ingest: Cli) -> None:
    ingest("--month", "2024-06")
    again = ingest("--month", "2024-06", "--json").json()
    assert {one["result"] for one in again["segments"]} == {"unchanged"}
    forced = ingest("--month", "2024-06", "--force", "--json").json()
    assert {one["result"] for one in forced["segments"]} == {"loaded"}
    assert forced["stats"]["races_updated"] == 0
    assert forced["stats"]["races_unchanged"] > 0


def test_a_held_day_is_65_until_it_is_accepted(ingest: Cli, conn: Connection, master: Path) -> None:
    ingest("--month", "2024-06")
    before = count(conn, "races")
    card = edits.read(master, FLAT)
    day = card.days[0]
    of_day = [race["race_key"] for race in card.races if race["date"] == day]
    edits.drop_races(card, of_day[1:])
    writers.TruncateWriter(master).rewrite(FLAT, card)
    held = ingest("--month", "2024-06")
    assert held.code == 65
    assert row(held, FLAT)[1] == "held"
    assert count(conn, "races") == before
    accepted = ingest("--date", day, "--accept", "shrink")
    assert accepted.code == 0, accepted
    assert count(conn, "races") == before - len(of_day[1:])


def test_a_segment_that_is_refused_is_65_and_says_why(ingest: Cli, master: Path) -> None:
    races = writers.paths(master, FLAT)["races"]
    edits.rewrite_text(races, b"race_key", b"key_of_race")
    done = ingest("--month", "2024-06")
    assert done.code == 65
    assert row(done, FLAT)[1] == "refused"
    assert "race_key" in done.out


def test_a_segment_that_vanished_is_65_until_that_is_accepted(
    ingest: Cli, conn: Connection, master: Path
) -> None:
    ingest("--month", "2024-06")
    for path in (master / str(FLAT)).iterdir():
        path.unlink()
    (master / str(FLAT)).rmdir()
    assert ingest("--month", "2024-06").code == 65
    assert count(conn, "races") > 0
    assert ingest("--month", "2024-06", "--accept", "shrink").code == 0
    assert not any(code == "flat" and region == "gb" for region, code, _ in days_loaded(conn))


def test_views_are_refreshed_afterwards_unless_they_are_off(
    ingest: Cli, conn: Connection, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv("GIDDYUP_WATCH_DERIVED__MODE", "off")
    assert "mv_runner_base" not in ingest("--month", "2024-05").err
    assert count(conn, "mv_runner_base") == 0
    environ.setenv("GIDDYUP_WATCH_DERIVED__MODE", "refresh")
    assert "mv_runner_base refreshed" in ingest("--month", "2024-06").err
    assert count(conn, "mv_runner_base") == count(conn, "runners")


def test_a_database_that_others_filled_is_not_adopted_in_parts(
    ingest: Cli, connected_cli: Cli, conn: Connection
) -> None:
    ingest("--month", "2024-06")
    for table in ("ledger_segments", "ledger_days", "ledger_races"):
        conn.execute(f"TRUNCATE racing.{table}")
    for args in (("ingest", "--month", "2024-06"), ("backfill", "--code", "flat")):
        done = connected_cli(*args)
        assert done.code == 78
        assert "adopted as a whole" in done.err
    assert connected_cli("backfill").code == 0
    assert ingest("--month", "2024-06").code == 0
