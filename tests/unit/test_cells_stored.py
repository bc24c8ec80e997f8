"""Whatever stands in a cell, what is made of it can be copied into the tables and comes back."""

import datetime as dt
import random
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from giddyup_watch.source import cells
from giddyup_watch.source.rows import Race, Runner
from giddyup_watch.store import copy
from giddyup_watch.store.connection import Connection

DAY = dt.date(2024, 1, 1)
#: A table of facts for one test, with the checks, generated columns and indexes of the real one.
FACTS = """
CREATE TEMP TABLE IF NOT EXISTS facts
  (LIKE racing.runners INCLUDING GENERATED INCLUDING CONSTRAINTS INCLUDING INDEXES)
"""

#: Columns that go from staging to the facts unchanged; the others are keys and names.
STORED_AS_THEY_ARE = [column.column for column in cells.RUNNER_COLUMNS if column.kind != "name"]

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
AWKWARD = st.sampled_from(
    [
        *("\\.", "\\N", "\\", "a\\b\\tc", "'", '"', "\t", "\n", "\r"),
        *("é" * 200, "\U0001f40e" * 200),
        *("999999999", "000000000", "2147483647", "-2147483648"),
        *("5e-324", "1.7976931348623157e308", "-0.0", "1.01", "1.0100000001", "9e9", "1e400"),
        *("00:00", "23:59:59", "9:59"),
    ]
)
CELL = TEXT | AWKWARD


def row(columns: tuple[cells.Column, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    filled = [CELL.filter(bool) if column.kind == "name" else CELL for column in columns]
    return st.tuples(*filled)


reused = settings(
    max_examples=settings().max_examples // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@reused
@given(st.lists(row(cells.RUNNER_COLUMNS), min_size=1, max_size=20))
def test_runners_come_back_as_they_were_sent(
    conn: Connection, lines: list[tuple[str, ...]]
) -> None:
    sent = [
        cells.runner_values(Runner(n, cell[1], cell[3], cell), DAY)[0]
        for n, cell in enumerate(lines)
    ]
    conn.execute("TRUNCATE staging.runners")
    assert copy.copy_rows(conn, "copy_runners", sent) == (
        len(sent),
        len(sent),
    )
    stored = conn.execute("SELECT * FROM staging.runners ORDER BY line").fetchall()
    assert stored == sent


@reused
@given(st.lists(row(cells.RACE_COLUMNS), min_size=1, max_size=20))
def test_races_come_back_as_they_were_sent(conn: Connection, lines: list[tuple[str, ...]]) -> None:
    sent = []
    for n, cell in enumerate(lines):
        required = [text or "x" if n in (2, 3, 5) else text for n, text in enumerate(cell)]
        race = Race(n, cell[0], DAY, "", "", tuple(required), [], b"")
        sent.append(cells.race_values(race, "auto")[0])
    conn.execute("TRUNCATE staging.races")
    assert copy.copy_rows(conn, "copy_races", sent) == (
        len(sent),
        len(sent),
    )
    stored = conn.execute("SELECT * FROM staging.races ORDER BY line").fetchall()
    assert stored == sent


@reused
@given(st.lists(row(cells.RUNNER_COLUMNS), min_size=1, max_size=20))
def test_checks_generated_columns_and_indexes_of_the_facts_take_what_is_made(
    conn: Connection, lines: list[tuple[str, ...]]
) -> None:
    conn.execute(FACTS)
    conn.execute("TRUNCATE facts, staging.runners")
    sent = [
        cells.runner_values(Runner(n, cell[1], cell[3], cell), DAY)[0]
        for n, cell in enumerate(lines)
    ]
    copy.copy_rows(conn, "copy_runners", sent)
    conn.execute(
        sql.SQL(
            "INSERT INTO facts (runner_id, race_id, race_date, runner_key, {columns})"
            " SELECT line, line, race_date, line::text, {columns} FROM staging.runners"
        ).format(columns=sql.SQL(", ").join(map(sql.Identifier, STORED_AS_THEY_ARE)))
    )
    assert conn.execute("SELECT count(*) FROM facts").fetchone() == (len(lines),)


def test_the_longest_names_fit_the_indexes_of_the_dimensions(conn: Connection) -> None:
    """Random letters of four bytes each: an index entry gets no smaller by compression."""
    rng = random.Random(3)
    letters = [chr(rng.randrange(0x20000, 0x2A6D0)) for _ in range(3 * cells.MAX_NAME)]
    names = ["".join(letters[n::3]) for n in range(3)]
    values, rejects = cells.runner_values(Runner(1, "k", "", tuple(named(*names))), DAY)
    assert rejects == []
    made = dict(zip(cells.RUNNER_STAGING, values, strict=True))
    conn.execute(
        "INSERT INTO racing.bloodlines (sire, dam, damsire)"
        " VALUES (%(sire)s, %(dam)s, %(damsire)s)",
        made,
    )
    conn.execute("INSERT INTO racing.horses (horse_name) VALUES (%(horse)s)", made)
    stored = conn.execute("SELECT sire, dam, damsire FROM racing.bloodlines").fetchone()
    assert stored == tuple(names)


def named(sire: str, dam: str, damsire: str) -> Iterator[str]:
    names = {"horse": sire, "sire": sire, "dam": dam, "damsire": damsire}
    for column in cells.RUNNER_COLUMNS:
        yield names.get(column.csv, "x" if column.csv.endswith("_key") else "")
