"""A year of racing through the daemon: nothing is lost, nothing is changed, nothing is done twice.

The files are read here by other code than the program's own.
"""

import csv
import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from giddyup_watch.demo import tree, writers
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.racing.layout import Row
from giddyup_watch.model import SegmentKey
from tests import server
from tests.flow.daemon import Daemon
from tests.wait import wait_until

pytestmark = pytest.mark.long

MONTHS = tree.months("2024-01", "2024-12")
SAMPLED = SegmentKey("gb", "jumps", "2024-12")
LOAD_SECONDS = 900

MISSING = ("", "-", "–")  # noqa: RUF001
RACE_NAMES = {"date": "race_date", "off": "off_time", "type": "race_type", "dist": "dist_raw"}
RUNNER_NAMES = {"pos": "pos_raw", "time": "time_raw"}
INTEGERS = (
    *("ran", "dist_m", "num", "draw", "age", "lbs", "or", "rpr"),
    *("win_lose", "place_win_lose", "match_time_diff_min"),
)
TEXTS = (
    *("race_key", "region", "race_name", "type", "class", "pattern", "rating_band"),
    *("age_band", "sex_rest", "dist", "going", "surface", "runner_key", "pos", "horse", "sex"),
    *("hg", "time", "jockey", "trainer", "prize_raw", "sire", "dam", "damsire", "owner"),
    *("comment", "match_reason"),
)


@pytest.fixture(
    params=[
        pytest.param(0.05, id="small"),
        pytest.param(1.45, id="125,000 runners", marks=pytest.mark.slow),
    ]
)
def year(request: pytest.FixtureRequest, master: Path) -> tree.Built:
    return tree.build(master, World(seed=11, volume=request.param), tree.segments(MONTHS))


def _rows(master: Path, kind: str, keys: Iterable[SegmentKey]) -> Iterator[Row]:
    for key in keys:
        path = writers.paths(master, key)[kind]
        if path.exists():
            with path.open(newline="") as file:
                yield from csv.DictReader(file)


def _value(column: str, cell: str) -> Any:
    """What a clean cell means."""
    if cell in MISSING:
        return None
    if column == "course":
        return cell.partition(" (")[0]  # a course keeps the spelling first seen
    if column in TEXTS:
        return cell
    if column == "date":
        return dt.date.fromisoformat(cell)
    if column == "off":
        hour, minute = map(int, cell.split(":"))
        return dt.time(hour + 12 if hour < 10 else hour, minute)
    return int(cell) if column in INTEGERS else float(cell)


def _expected(rows: Iterable[Row], names: dict[str, str], key: str) -> dict[str, dict[str, Any]]:
    return {
        row[key]: {names.get(name, name): _value(name, cell) for name, cell in row.items()}
        for row in rows
    }


def _count(conn: psycopg.Connection[Any], table: str) -> int:
    row = conn.execute(f"SELECT count(*) FROM racing.{table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def _distinct_norms(conn: psycopg.Connection[Any], names: Iterable[str]) -> int:
    row = conn.execute(
        "SELECT count(DISTINCT racing.norm_text(name)) FROM unnest(%s::text[]) AS name",
        [sorted(set(names))],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _totals(conn: psycopg.Connection[Any]) -> dict[str, int]:
    """The stats of all finished runs, added up."""
    rows = conn.execute(
        "SELECT key, sum(value::bigint)::bigint FROM racing.etl_runs, jsonb_each_text(stats)"
        " WHERE status = 'success' GROUP BY key"
    ).fetchall()
    return dict(rows)


def test_a_year_is_loaded_once_and_whole(
    year: tree.Built, master: Path, database: str, tmp_path: Path
) -> None:
    with closing(psycopg.connect(server.as_owner(database), autocommit=True)) as conn:
        with Daemon(tmp_path / "first", master, database) as daemon:
            _wait_until_loaded(conn, year)
        assert daemon.events("segment_failed") == []
        totals = _totals(conn)
        assert totals["races_inserted"] == totals["races_read"] == year.races
        assert totals["runners_inserted"] == totals["runners_read"] == year.runners
        assert (totals["segments"], totals["errors"]) == (year.segments, 0)
        _assert_tables_have_what_files_have(conn, master, year)
        _assert_cell_by_cell(conn, master)

        runs = _count(conn, "etl_runs")
        with Daemon(tmp_path / "second", master, database) as daemon:
            wait_until(lambda: daemon.metric("ingests_total") == year.segments, LOAD_SECONDS)
        assert _count(conn, "etl_runs") == runs
        assert _totals(conn) == totals


def _wait_until_loaded(conn: psycopg.Connection[Any], year: tree.Built) -> None:
    def loaded() -> bool:
        row = conn.execute(
            "SELECT count(*) FROM racing.ledger_segments WHERE state = 'loaded'"
        ).fetchone()
        running = conn.execute("SELECT 1 FROM racing.etl_runs WHERE status = 'running'").fetchone()
        return row == (year.segments,) and running is None

    wait_until(loaded, LOAD_SECONDS)


def _assert_tables_have_what_files_have(
    conn: psycopg.Connection[Any], master: Path, year: tree.Built
) -> None:
    keys = list(tree.segments(MONTHS))
    courses = {(row["region"], row["course"]) for row in _rows(master, "races", keys)}
    runners = list(_rows(master, "runners", keys))
    assert (_count(conn, "races"), _count(conn, "runners")) == (year.races, year.runners)
    assert _count(conn, "courses") == _distinct_norms(conn, (f"{r} {c}" for r, c in courses))
    for table, column in (
        ("horses", "horse"),
        ("trainers", "trainer"),
        ("jockeys", "jockey"),
        ("owners", "owner"),
    ):
        assert _count(conn, table) == _distinct_norms(conn, (row[column] for row in runners))
    pedigrees = ("|".join((r["sire"], r["dam"], r["damsire"])) for r in runners)
    assert _count(conn, "bloodlines") == len(set(pedigrees))


def _assert_cell_by_cell(conn: psycopg.Connection[Any], master: Path) -> None:
    races = _expected(_rows(master, "races", [SAMPLED]), RACE_NAMES, "race_key")
    runners = _expected(_rows(master, "runners", [SAMPLED]), RUNNER_NAMES, "runner_key")
    assert races
    with conn.cursor(row_factory=dict_row) as cursor:
        stored_races = cursor.execute(
            "SELECT r.*, split_part(course_name, ' (', 1) AS course"
            " FROM racing.races r JOIN racing.courses USING (course_id) WHERE race_key = ANY(%s)",
            [list(races)],
        ).fetchall()
        stored_runners = cursor.execute(
            "SELECT n.*, race_key, horse_name AS horse, trainer_name AS trainer,"
            " jockey_name AS jockey, owner_name AS owner, sire, dam, damsire"
            " FROM racing.runners n JOIN racing.races USING (race_id, race_date)"
            " JOIN racing.horses USING (horse_id) JOIN racing.trainers USING (trainer_id)"
            " JOIN racing.jockeys USING (jockey_id) JOIN racing.owners USING (owner_id)"
            " JOIN racing.bloodlines USING (blood_id) WHERE runner_key = ANY(%s)",
            [list(runners)],
        ).fetchall()
    assert {row["race_key"]: _same(row, races[row["race_key"]]) for row in stored_races} == races
    found = {row["runner_key"]: _same(row, runners[row["runner_key"]]) for row in stored_runners}
    assert found == runners


def _same(row: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Those columns of the stored row that the file has."""
    return {name: row[name] for name in wanted}
