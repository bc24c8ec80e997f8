"""The floor: the least that PostgreSQL itself needs for the same tables, indexes and views.

One session and one transaction, on tables made in it, so that nothing is logged twice: COPY into
text tables, names to keys, casts into tables without an index, each index built once, then the
views. Columns, types, generated columns, checks, month partitions, indexes and foreign keys are
those that `migrate` makes, read from the catalog, so that both sides always do the same.
"""

from collections.abc import Iterator
from contextlib import closing
from time import perf_counter

import psycopg

from bench import program, raw, relational
from bench.lines import Line
from bench.place import Connection, Place

DATABASE = "bench_floor"
SCHEMA = "floor"
TABLES = ("courses", "horses", "trainers", "jockeys", "owners", "bloodlines", "races", "runners")
#: Primary keys and unique ones first, then the other indexes, then what refers to them.
_CONSTRAINTS = (
    "SELECT format('ALTER TABLE %%s ADD %%s', conrelid::regclass, pg_get_constraintdef(oid))"
    " FROM pg_constraint"
    " WHERE conrelid = ANY (%(tables)s::regclass[]) AND contype = ANY (%(kinds)s) ORDER BY oid"
)
_INDEXES = (
    "SELECT pg_get_indexdef(indexrelid) FROM pg_index"
    " WHERE indrelid = ANY (%(tables)s::regclass[])"
    " AND NOT EXISTS ("
    "SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))"
    " ORDER BY indexrelid"
)
_VIEWS = (
    "SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class AS c"
    " WHERE c.relkind = 'm' AND c.relnamespace = 'racing'::regnamespace ORDER BY c.oid"
)


def lines(place: Place) -> Iterator[Line]:
    url = place.fresh(DATABASE)
    program.run(place, "migrate", database=DATABASE)
    with closing(psycopg.connect(url)) as conn:
        conn.execute("SET search_path = pg_catalog")
        began = perf_counter()
        phases = dict(_phases(conn, place))
        before = perf_counter()
        conn.commit()
        phases["commit"] = perf_counter() - before
        whole = perf_counter() - began
        require_all(conn, SCHEMA, place)
    least = whole - phases["names"] - phases["rows"]
    yield Line("floor_copy", "floor: COPY", "s", [phases["copy"]])
    yield Line("floor_names", "floor: names to keys", "s", [phases["names"]])
    yield Line("floor_rows", "floor: casts and inserts", "s", [phases["rows"]])
    yield Line("floor_indexes", "floor: indexes, keys, statistics", "s", [phases["indexes"]])
    yield Line("floor_views", "floor: views and their indexes", "s", [phases["views"]])
    yield Line("floor", "floor: COPY, indexes, views, commit", "s", [least], "copy")
    yield Line("floor_typed", "floor with names, casts and inserts", "s", [whole], "floor")


def require_all(conn: Connection, schema: str, place: Place) -> None:
    """Raise unless the tables hold as many rows as the files."""
    for kind in raw.KINDS:
        found = conn.execute(f"SELECT count(*) FROM {schema}.{kind}".encode()).fetchall()
        if found != [(on_disk := place.count(kind.removesuffix("s")),)]:
            raise RuntimeError(f"{schema}.{kind} has {found[0][0]:,} rows, the disk {on_disk:,}")


def _phases(conn: Connection, place: Place) -> Iterator[tuple[str, float]]:
    clock = perf_counter()
    for phase, step in (
        ("copy", _copy),
        ("names", _names),
        ("rows", _rows),
        ("indexes", _indexes),
        ("views", _views),
    ):
        step(conn, place)
        done = perf_counter()
        yield phase, done - clock
        clock = done


def _copy(conn: Connection, place: Place) -> None:
    raw.make(conn, place)
    raw.fill(conn, place)


def _names(conn: Connection, place: Place) -> None:
    _tables(conn, sorted({key.month for key in place.keys}))
    relational.resolve(conn, SCHEMA)


def _tables(conn: Connection, months: list[str]) -> None:
    conn.execute(f"CREATE SCHEMA {SCHEMA}".encode())
    for table in TABLES:
        facts = table in raw.KINDS
        partitioned = " PARTITION BY RANGE (race_date)" if facts else ""
        conn.execute(
            f"CREATE TABLE {SCHEMA}.{table} (LIKE racing.{table} INCLUDING DEFAULTS"
            f" INCLUDING GENERATED INCLUDING CONSTRAINTS){partitioned}".encode()
        )
        for month in months if facts else ():
            conn.execute(
                f"CREATE TABLE {SCHEMA}.{table}_{month.replace('-', '_')} PARTITION OF"
                f" {SCHEMA}.{table} FOR VALUES FROM ('{month}-01')"
                f" TO (date '{month}-01' + interval '1 month')".encode()
            )


def _rows(conn: Connection, _: Place) -> None:
    relational.insert_races(conn, SCHEMA)
    relational.insert_runners(conn, SCHEMA)


def _indexes(conn: Connection, _: Place) -> None:
    """Statistics before the indexes: those of full-text expressions nobody needs here."""
    for table in TABLES:
        conn.execute(f"ANALYZE {SCHEMA}.{table}".encode())
    tables = [f"racing.{table}" for table in TABLES]
    for kinds in (["p", "u"], ["f"]):
        found = conn.execute(_CONSTRAINTS, {"tables": tables, "kinds": kinds}).fetchall()
        for (statement,) in found:
            _execute(conn, statement)
        if kinds != ["f"]:
            for (statement,) in conn.execute(_INDEXES, {"tables": tables}).fetchall():
                _execute(conn, statement)


def _views(conn: Connection, _: Place) -> None:
    for name, definition in conn.execute(_VIEWS).fetchall():
        _execute(conn, f"CREATE MATERIALIZED VIEW racing.{name} AS {definition}")
        found = conn.execute(_INDEXES, {"tables": [f"racing.{name}"]}).fetchall()
        for (statement,) in found:
            _execute(conn, statement)


def _execute(conn: Connection, statement: str) -> None:
    """Run what the catalog says of schema `racing`, in the floor's."""
    ours = statement.replace("racing.", f"{SCHEMA}.").replace(
        f"{SCHEMA}.norm_text", "racing.norm_text"
    )
    conn.execute(ours.encode())
