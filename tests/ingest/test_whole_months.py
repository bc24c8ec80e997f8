"""A month that goes in at once ends in the database as one that goes segment by segment."""

import datetime as dt
import itertools
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from giddyup_watch.demo import edits, tree
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.ingest import run
from giddyup_watch.ingest.bulk.month import Source
from giddyup_watch.ingest.bulk.reader import Reader
from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.model import Rules, SegmentKey, newest_first
from giddyup_watch.source import layout
from giddyup_watch.store import connection, months, roles
from tests import comparison, schema, server
from tests.conftest import LOCK_ID
from tests.ingest.conftest import (
    CODES,
    DAY,
    FLAT,
    JUMPS,
    NEXT_DAY,
    SMALL,
    Bench,
    broken_races,
    race,
    together,
)
from tests.wait import wait_until

ALL_AT_ONCE, NONE_AT_ONCE = 0, 2**62
HURDLE = SegmentKey("gb", "hurdle", FLAT.month)
IRISH = SegmentKey("ire", "flat", FLAT.month)
REGIONS = ("gb", "ire")

#: Rows that somebody else reads, without ids and times.
DIMENSIONS = """
SELECT 'course', course_name, region, course_norm FROM racing.courses
UNION ALL SELECT 'horse', horse_name, '', horse_norm FROM racing.horses
UNION ALL SELECT 'trainer', trainer_name, '', trainer_norm FROM racing.trainers
UNION ALL SELECT 'jockey', jockey_name, '', jockey_norm FROM racing.jockeys
UNION ALL SELECT 'owner', owner_name, '', owner_norm FROM racing.owners
UNION ALL SELECT 'blood', sire, dam, damsire FROM racing.bloodlines
ORDER BY 1, 2, 3, 4
"""
RUNS = "SELECT status, scope, stats, error_msg FROM racing.etl_runs ORDER BY run_id"
LEFT_BEHIND = """
SELECT to_regclass('staging.month_races'), to_regclass('staging.month_runners'),
  (SELECT count(*) FROM staging.names), (SELECT count(*) FROM staging.pedigrees)
"""


@dataclass(frozen=True)
class Loaded:
    result: TurnResult
    outcomes: list[Outcome]
    notified: list[Any]


def load(url: str, master: Path, month_bytes: int, rules: Rules | None = None) -> Loaded:
    """Everything on disk, newest month first, as `backfill` does it."""
    keys = deque(
        sorted(layout.look(master, REGIONS, (*CODES, "hurdle")).segments, key=newest_first)
    )
    outcomes: list[Outcome] = []
    with (
        closing(connection.connect(url, application_name="whole months")) as conn,
        closing(psycopg.connect(server.as_owner(url), autocommit=True)) as listener,
    ):
        listener.execute("LISTEN giddyup_ingest")
        session = run.Session(conn, master, rules or Rules(), LOCK_ID, 0.0, month_bytes=month_bytes)
        result = run.turn(
            session,
            run.Request("cli"),
            lambda: keys.popleft() if keys else None,
            outcomes.append,
            ahead=lambda: tuple(keys),
        )
        listener.execute("SELECT pg_notify('giddyup_ingest', '\"the end\"')")
        said = (json.loads(one.payload) for one in listener.notifies(timeout=30))
        return Loaded(
            result, outcomes, list(itertools.takewhile(lambda one: one != "the end", said))
        )


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with closing(psycopg.connect(server.as_owner(url))) as conn:
        return conn.execute(statement.encode()).fetchall()


def told(outcomes: Sequence[Outcome]) -> set[tuple[Any, ...]]:
    """What is said of each segment, whenever."""
    return {
        (o.key, o.result, o.reason, str(o.effects), o.days, o.changed_at, o.fingerprint)
        for o in outcomes
    }


def by_segment(notified: Sequence[Any]) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True) for one in notified)


def at_once(url: str) -> set[str]:
    """Months of which more than one segment was written, in one transaction."""
    found = rows(
        url,
        "SELECT to_char(month, 'YYYY-MM') FROM racing.ledger_segments"
        " GROUP BY month HAVING count(*) > 1 AND count(DISTINCT xmin::text) = 1",
    )
    return {month for (month,) in found}


@pytest.fixture
def tree_and_two(database: str, second_database: str, bench: Bench) -> tuple[Bench, str, str]:
    """A tree to fill, and two databases for it, to whose owner a whole month is open."""
    return bench, server.as_owner(database), server.as_owner(second_database)


def assert_equal(
    tree_and_two: tuple[Bench, str, str], expected: set[str], rules: Rules | None = None
) -> None:
    """Load the tree both ways: `expected` months go at once, and nothing tells it afterwards."""
    bench, one, other = tree_and_two
    whole = load(one, bench.master, ALL_AT_ONCE, rules)
    ordinary = load(other, bench.master, NONE_AT_ONCE, rules)
    assert at_once(one) == expected
    assert at_once(other) == set()
    assert comparison.difference(one, other) == []
    assert rows(one, DIMENSIONS) == rows(other, DIMENSIONS)
    assert rows(one, RUNS) == rows(other, RUNS)
    assert told(whole.outcomes) == told(ordinary.outcomes)
    assert by_segment(whole.notified) == by_segment(ordinary.notified)
    assert rows(one, LEFT_BEHIND) == [(None, None, 0, 0)]


@pytest.mark.long
def test_months_with_everything_that_writers_get_wrong(
    tree_and_two: tuple[Bench, str, str],
) -> None:
    """Six months, so that most of them are read ahead by another process."""
    bench = tree_and_two[0]
    keys = tree.segments(tree.months("2024-03", "2024-08"))
    tree.build(bench.master, World(seed=3, volume=0.08), keys, messy=True)
    assert_equal(tree_and_two, {f"2024-0{number}" for number in range(3, 9)})


def test_folders_that_share_races(tree_and_two: tuple[Bench, str, str]) -> None:
    """The same to a cell: the one they belong to takes them over from the one loaded before."""
    bench = tree_and_two[0]
    jumps, flat = SMALL.month(JUMPS), SMALL.month(FLAT)
    flat.extend(edits.part(jumps, [row["race_key"] for row in jumps.races[:5]]))
    bench.put(FLAT, flat)
    bench.put(JUMPS, jumps)
    bench.put(HURDLE, edits.part(jumps, [row["race_key"] for row in jumps.races[3:9]]))
    assert_equal(tree_and_two, {FLAT.month})


def test_folders_that_differ_on_a_race_go_the_ordinary_way(
    tree_and_two: tuple[Bench, str, str],
) -> None:
    bench = tree_and_two[0]
    bench.put(FLAT, race("shared", ("a", "b"), kind="Hurdle", going="Misfiled"))
    bench.put(JUMPS, race("shared", ("a", "b"), kind="Hurdle"))
    assert_equal(tree_and_two, set())


def test_folders_that_differ_on_who_runs_where_go_the_ordinary_way(
    tree_and_two: tuple[Bench, str, str],
) -> None:
    bench = tree_and_two[0]
    bench.put(FLAT, race("one", ("a", "b")))
    bench.put(JUMPS, race("other", ("b", "c"), kind="Hurdle"))
    assert_equal(tree_and_two, set())


def test_days_that_are_held_and_lines_without_a_day(
    tree_and_two: tuple[Bench, str, str],
) -> None:
    bench = tree_and_two[0]
    held = together(race("held", ("x",), day=NEXT_DAY), broken_races(6, day=NEXT_DAY))
    strays = together(*(race(f"s{n}", ("y",), day=f"2023-01-0{n}") for n in (1, 2)))
    bench.put(FLAT, together(race("fine", ("a", "b")), held, strays))
    bench.put(JUMPS, race("jumping", ("c",), kind="Chase"))
    assert_equal(tree_and_two, {FLAT.month})


def test_segments_that_cannot_be_read_are_left_to_the_ordinary_way(
    tree_and_two: tuple[Bench, str, str],
) -> None:
    bench = tree_and_two[0]
    bench.put(FLAT, SMALL.month(FLAT))
    bench.put(HURDLE, race("hurdling", ("h",), kind="Hurdle"))
    refused = bench.master / "gb/jumps" / FLAT.month
    bench.put(JUMPS, race("jumping", ("c",), kind="Chase"))
    header, lines = (refused / f"runners_gb_jumps_{FLAT.month}.csv").read_text().split("\n", 1)
    (refused / f"runners_gb_jumps_{FLAT.month}.csv").write_text(
        header.replace("horse", "nag") + "\n" + lines
    )
    bench.put(IRISH, Card([row | {"region": "IRE"} for row in race("irish", ("i",)).races], []))
    (bench.master / "gb/flat" / FLAT.month / "manifest.json").unlink()
    assert_equal(tree_and_two, set())


def test_the_spelling_first_seen_stays(tree_and_two: tuple[Bench, str, str]) -> None:
    bench = tree_and_two[0]
    first, second = race("one", ("a", "b")), race("two", ("c", "d"), course="ASCOT")
    for row, name in zip(first.runners, ("Élan (FR)", "elan"), strict=True):
        row.update(horse=name, sire="St. Mac", dam="", damsire="Old One")
    for row, name in zip(second.runners, ("ELAN", ""), strict=True):
        row.update(horse=name, jockey="O'Neill, A.", sire="ST MAC", dam="", damsire="old one")
    bench.put(FLAT, together(second, first))
    bench.put(JUMPS, race("three", ("e",), kind="Chase", course="ascot"))
    irish = race("four", ("f",), region="IRE", course="ascot")
    bench.put(IRISH, irish)
    bench.put(SegmentKey("gb", "flat", "2024-05"), race("five", ("g",), day="2024-05-02"))
    bench.put(SegmentKey("gb", "jumps", "2024-05"), race("six", ("g",), day="2024-05-03"))
    assert_equal(tree_and_two, {FLAT.month, "2024-05"})


#: The last of them stop the ordinary way too, which says so.
OBSTACLES = {
    "partition": "SELECT racing.ensure_month('2024-06-01')",
    "partition of a year": "CREATE TABLE racing.races_in_2024 PARTITION OF racing.races"
    " FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    "table of the name it is built in": "CREATE TABLE staging.month_races (line int)",
    "policy": "ALTER TABLE racing.runners ENABLE ROW LEVEL SECURITY",
    "rule": "CREATE RULE keep AS ON DELETE TO racing.runners DO ALSO NOTIFY kept",
    "trigger": "CREATE TRIGGER seen BEFORE UPDATE ON racing.races FOR EACH ROW"
    " EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()",
    "facts watched for tables in place of views": "SELECT racing.watch_facts()",
    "day recorded": "INSERT INTO racing.ingested_days (region, code, d)"
    " VALUES ('gb', 'flat', '2024-06-09')",
    "publication": "CREATE PUBLICATION changes FOR TABLE racing.races",
    "table of its name": "CREATE TABLE racing.runners_2024_06 (line int)",
    "default partition": "CREATE TABLE racing.races_rest PARTITION OF racing.races DEFAULT",
    "identity": "ALTER TABLE racing.races ALTER race_id DROP DEFAULT,"
    " ALTER race_id ADD GENERATED BY DEFAULT AS IDENTITY",
}
IN_ANY_WAY = ("table of its name", "default partition", "identity")


@pytest.mark.parametrize("what", OBSTACLES)
def test_what_only_the_ordinary_way_can_do(tree_and_two: tuple[Bench, str, str], what: str) -> None:
    bench, url, _ = tree_and_two
    bench.alter(OBSTACLES[what])
    bench.put(FLAT, race("flat", ("a",)))
    bench.put(JUMPS, race("jumping", ("b",), kind="Chase"))
    with closing(connection.connect(url, application_name="asking")) as conn:
        obstacle = months.obstacle(conn, FLAT.first_day)
    assert obstacle
    if what not in IN_ANY_WAY:
        outcomes = load(url, bench.master, ALL_AT_ONCE).outcomes
        assert {(one.result, one.alone) for one in outcomes} == {("loaded", obstacle)}
        assert at_once(url) == set()


def test_facts_that_are_watched_while_months_go_in(tree_and_two: tuple[Bench, str, str]) -> None:
    """Tables in place of views are built from then on: no row may come in unnoted."""
    bench, url, _ = tree_and_two
    wanted = [SegmentKey("gb", "flat", f"2024-0{number}") for number in (6, 5)]
    for key in wanted:
        bench.put(key, race(f"of {key}", ("a",), day=f"{key.month}-02"))
    keys = deque(wanted)
    outcomes: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if outcome.key == wanted[0]:  # by now the next one was found to have nothing in its way
            bench.alter("SELECT racing.watch_facts()")

    with closing(connection.connect(url, application_name="watched")) as conn:
        session = run.Session(conn, bench.master, Rules(), LOCK_ID, 0.0, month_bytes=ALL_AT_ONCE)
        run.turn(
            session,
            run.Request("cli"),
            lambda: keys.popleft() if keys else None,
            report,
            ahead=lambda: tuple(keys),
        )
    assert [(one.key, one.result) for one in outcomes] == [(key, "loaded") for key in wanted]
    assert not outcomes[0].alone
    assert "triggers on the facts want to see each row" in outcomes[1].alone
    noted = "SELECT DISTINCT race_date::text FROM racing.derived_dirty"
    assert rows(url, noted) == [("2024-05-02",)]


def test_why_a_segment_is_not_loaded_with_its_month(tree_and_two: tuple[Bench, str, str]) -> None:
    bench, url, _ = tree_and_two
    bench.put(FLAT, race("flat", ("a",)))
    assert [one.alone for one in load(url, bench.master, 2**20).outcomes] == [
        "the runners of its month have less than 1024 KiB"
    ]
    bench.put(FLAT, race("flat", ("a", "b")))
    assert [one.alone for one in load(url, bench.master, 2**20).outcomes] == [""]
    bench.put(IRISH, race("irish", ("i",), region="IRE"))
    with closing(connection.connect(url, application_name="asked")) as conn:
        session = run.Session(conn, bench.master, Rules(), LOCK_ID, 0.0)
        asked = run.Request("cli", days=frozenset({dt.date.fromisoformat(DAY)}))
        keys, outcomes = iter([IRISH]), list[Outcome]()
        run.turn(session, asked, lambda: next(keys, None), outcomes.append)
    assert [one.alone for one in outcomes] == ["days, force or accept were asked for"]


def test_rows_with_columns_and_indexes_of_others(tree_and_two: tuple[Bench, str, str]) -> None:
    bench, url, other = tree_and_two
    for each in (url, other):
        with closing(psycopg.connect(each, autocommit=True)) as conn:
            conn.execute(
                "ALTER TABLE racing.runners ADD seen_by text NOT NULL DEFAULT 'nobody',"
                " ADD twice int GENERATED ALWAYS AS (num * 2) STORED,"
                " ADD CONSTRAINT numbered CHECK (num > 0)"
            )
            conn.execute("CREATE INDEX seen_idx ON racing.runners (seen_by, twice)")
    bench.put(FLAT, SMALL.month(FLAT))
    bench.put(JUMPS, SMALL.month(JUMPS))
    assert_equal(tree_and_two, {FLAT.month})
    shapes = """
      SELECT regexp_replace(indexdef, '_\\w*', '') FROM pg_indexes
      WHERE tablename ~ '_2024_06$' ORDER BY 1
    """
    constraints = """
      SELECT conrelid::regclass, conname, contype, convalidated, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE conrelid::regclass::text ~ '_2024_06$' ORDER BY 1::text, 2
    """
    owners = "SELECT relname, relowner, relacl FROM pg_class WHERE relname ~ '_2024_06$' ORDER BY 1"
    for what in (shapes, constraints, owners):
        assert rows(url, what) == rows(other, what)
    assert rows(url, "SELECT DISTINCT seen_by, twice = num * 2 FROM racing.runners") == [
        ("nobody", True)
    ]


def test_a_row_that_the_server_refuses_sends_the_month_the_ordinary_way(
    tree_and_two: tuple[Bench, str, str],
) -> None:
    """Which says of each segment what is wrong with it, and loads the others."""
    bench, url, _ = tree_and_two
    bench.alter("ALTER TABLE racing.races ADD CONSTRAINT odd CHECK (race_key <> 'jumping')")
    bench.put(FLAT, race("flat", ("a",)))
    bench.put(JUMPS, race("jumping", ("b",), kind="Chase"))
    results = [(one.key, one.result) for one in load(url, bench.master, ALL_AT_ONCE).outcomes]
    assert results == [(FLAT, "loaded"), (JUMPS, "failed")]
    assert rows(url, LEFT_BEHIND) == [(None, None, 0, 0)]


def test_a_cancel_is_heard_between_two_months(tree_and_two: tuple[Bench, str, str]) -> None:
    bench, url, _ = tree_and_two
    older = SegmentKey("gb", "flat", "2024-05")
    bench.put(FLAT, race("flat", ("a",)))
    bench.put(JUMPS, race("jumping", ("b",), kind="Chase"))
    bench.put(older, race("older", ("c",), day="2024-05-02"))
    keys = deque((FLAT, JUMPS, older))
    outcomes: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        bench.alter("UPDATE racing.ingest_control SET cancel_run = %s", outcome.run_id)

    with closing(connection.connect(url, application_name="canceled")) as conn:
        session = run.Session(conn, bench.master, Rules(), LOCK_ID, 0.0, month_bytes=ALL_AT_ONCE)
        result = run.turn(
            session,
            run.Request("cli"),
            lambda: keys.popleft() if keys else None,
            report,
            ahead=lambda: tuple(keys),
        )
    assert result.status == "canceled"
    assert [one.key for one in outcomes] == [FLAT, JUMPS]
    assert rows(url, "SELECT code, month::text, state FROM racing.ledger_segments ORDER BY 2") == [
        ("flat", "2024-05-01", "parked"),
        ("flat", "2024-06-01", "loaded"),
        ("jumps", "2024-06-01", "loaded"),
    ]


def test_names_are_looked_up_again_when_somebody_else_wrote(
    tree_and_two: tuple[Bench, str, str],
) -> None:
    bench, url, _ = tree_and_two
    older = SegmentKey("gb", "flat", "2024-05")
    bench.put(FLAT, race("new", ("a",)))
    bench.put(older, race("old", ("a",), day="2024-05-02"))
    keys = deque((FLAT, older))

    def rename(outcome: Outcome) -> None:
        if outcome.key == FLAT:
            bench.alter("UPDATE racing.horses SET horse_name = 'Somebody Else'")

    with closing(connection.connect(url, application_name="renamed")) as conn:
        session = run.Session(conn, bench.master, Rules(), LOCK_ID, 0.0, month_bytes=ALL_AT_ONCE)
        run.turn(session, run.Request("cli"), lambda: keys.popleft() if keys else None, rename)
    named = (
        "SELECT race_date::text, count(*) FROM racing.runners JOIN racing.horses USING (horse_id)"
        " GROUP BY 1 ORDER BY 1"
    )
    assert rows(url, named) == [("2024-05-02", 1), (DAY, 1)]
    assert len(rows(url, "SELECT DISTINCT horse_id FROM racing.runners")) == 2


def test_files_that_changed_since_they_were_read_ahead_are_read_again(
    tree_and_two: tuple[Bench, str, str],
) -> None:
    bench, url, _ = tree_and_two
    wanted = [SegmentKey("gb", "flat", f"2024-0{number}") for number in (6, 5, 4, 3, 2)]
    for key in wanted:
        bench.put(key, race(f"first {key}", ("a",), day=f"{key.month}-02"))
    keys = deque(wanted)

    def change(outcome: Outcome) -> None:
        if outcome.key == wanted[1]:  # the next one was read while this one was written, or is now
            bench.put(wanted[2], race("changed", ("b",), day=f"{wanted[2].month}-02"))

    with closing(connection.connect(url, application_name="changed")) as conn:
        session = run.Session(conn, bench.master, Rules(), LOCK_ID, 0.0, month_bytes=ALL_AT_ONCE)
        run.turn(
            session,
            run.Request("cli"),
            lambda: keys.popleft() if keys else None,
            change,
            ahead=lambda: tuple(keys),
        )
    of_month = "SELECT race_key FROM racing.races_2024_04"
    assert rows(url, of_month) == [("changed",)]


@pytest.fixture
def reading(bench: Bench) -> Iterator[Reader]:
    bench.put(FLAT, race("flat", ("a",)))
    bench.put(JUMPS, race("jumping", ("b",), kind="Chase"))
    with closing(Reader(Source(bench.master, Rules(), 0.0))) as made:
        yield made


def test_what_is_read_ahead_comes_in_the_order_of_the_questions(reading: Reader) -> None:
    reading.ask([JUMPS])
    reading.ask([FLAT])
    made = reading.get([FLAT])
    assert made is not None
    assert [piece.key for piece in made.pieces] == [FLAT]
    assert reading.get([JUMPS]) is None


def test_a_reader_that_was_killed_gives_nothing(reading: Reader) -> None:
    reading.ask([FLAT])
    os.kill(reading.pid, signal.SIGKILL)
    reading.ask([JUMPS])
    assert reading.get([FLAT]) is None
    assert reading.get([JUMPS]) is None


ORPHAN = """
import os, signal, sys
from pathlib import Path
from giddyup_watch.ingest.bulk.month import Source
from giddyup_watch.ingest.bulk.reader import Reader
from giddyup_watch.model import Rules
print(Reader(Source(Path(sys.argv[1]), Rules(), 0.0)).pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_reader_ends_with_whoever_asked_it(tmp_path: Path) -> None:
    """It has no other parent to tell it: its input ends."""
    line = [sys.executable, "-c", ORPHAN, str(tmp_path)]
    done = subprocess.run(line, stdout=subprocess.PIPE, check=False)
    orphan = int(done.stdout)
    wait_until(lambda: _is_gone(orphan), timeout=30, what=f"the reader {orphan} is still there")
    assert done.returncode == -signal.SIGKILL


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def role(tree_and_two: tuple[Bench, str, str]) -> Iterator[str]:
    """URL of the first database for a role that owns nothing."""
    url = tree_and_two[1]
    with (
        closing(connection.connect(url, application_name="owner")) as conn,
        schema.role(url) as name,
    ):
        roles.bring_up(conn, name)
        yield server.as_role(url, name)


def test_a_role_that_owns_nothing_has_the_month_built(
    tree_and_two: tuple[Bench, str, str], role: str
) -> None:
    bench, url, _ = tree_and_two
    bench.put(FLAT, race("flat", ("a",)))
    bench.put(JUMPS, race("jumping", ("b",), kind="Chase"))
    load(role, bench.master, ALL_AT_ONCE)
    assert at_once(url) == {FLAT.month}
    rights = (
        "SELECT DISTINCT pg_get_userbyid(c.relowner), a.grantee = c.relowner"
        " FROM pg_class AS c LEFT JOIN aclexplode(c.relacl) AS a ON true"
        " WHERE c.relname IN ('races_2024_06', 'runners_2024_06')"
    )
    assert rows(url, rights) == [(server.ROLE, True)]


def test_nobody_has_a_table_of_his_own_made_a_partition(
    tree_and_two: tuple[Bench, str, str], role: str
) -> None:
    """Its triggers and expressions would be run with the rights of the owner of the facts."""
    _, url, _ = tree_and_two
    with closing(psycopg.connect(url, autocommit=True)) as conn:
        conn.execute("SELECT racing.begin_month()")
        name = connection.parse_url(role)["user"]
        conn.execute(server.command("ALTER TABLE staging.month_races OWNER TO {}", name))
    with (
        closing(psycopg.connect(role)) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="not made by"),
    ):
        conn.execute("SELECT racing.attach_month('2024-06-01')")
