"""What a person would write in SQL to load the files: `raw` rows into the tables of a schema.

The floor and the straightforward way share it. Cells are cleaned only as far as these files need.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.place import Connection

#: Columns of the tables that have another name in the files.
RENAMED = {
    "pos_raw": "pos",
    "time_raw": "time",
    "dist_raw": "dist",
    "off_time": "off",
    "race_type": "type",
    "race_date": "date",
}
#: Whole numbers that the files may have as a dash of some kind.
DASHED = {"or", "rpr"}


@dataclass(frozen=True, slots=True)
class Names:
    """A dimension: its table and key, the columns that name a row, and where names are found."""

    key: str
    table: str
    columns: Sequence[str]
    source: str = "runners"

    @property
    def cells(self) -> list[str]:
        return [column.removesuffix("_name") for column in self.columns]


DIMENSIONS = (
    Names("course_id", "courses", ("region", "course_name"), "races"),
    Names("horse_id", "horses", ("horse_name",)),
    Names("trainer_id", "trainers", ("trainer_name",)),
    Names("jockey_id", "jockeys", ("jockey_name",)),
    Names("owner_id", "owners", ("owner_name",)),
    Names("blood_id", "bloodlines", ("sire", "dam", "damsire")),
)


def resolve(conn: Connection, schema: str) -> None:
    """Make the dimension rows that are not there; `key_TABLE` then tells each name's key."""
    for one in DIMENSIONS:
        for statement in _resolving(one, schema):
            conn.execute(statement.encode())


def _resolving(one: Names, schema: str) -> Iterator[str]:
    normed = [cell for cell in one.cells if cell != "region"]
    cells, columns = ", ".join(one.cells), ", ".join(one.columns)
    named = ", ".join(f"n.{cell}" for cell in one.cells)
    unique = ["region" if cell == "region" else f"{cell}_norm" for cell in one.cells]
    norms = ", ".join(f"racing.norm_text({cell}) AS {cell}_norm" for cell in normed)
    yield f"DROP TABLE IF EXISTS name_{one.table}, key_{one.table}"
    yield (
        f"CREATE TEMP TABLE name_{one.table} AS SELECT {cells}, {norms}"
        f" FROM (SELECT DISTINCT {cells} FROM raw.{one.source}) AS given"
    )
    yield (
        f"INSERT INTO {schema}.{one.table} ({columns})"
        f" SELECT DISTINCT ON ({', '.join(unique)}) {cells} FROM name_{one.table}"
        f" WHERE {one.cells[-1]} IS NOT NULL ON CONFLICT DO NOTHING"
    )
    yield (
        f"CREATE TEMP TABLE key_{one.table} AS SELECT {named}, {one.key} AS id"
        f" FROM name_{one.table} AS n JOIN {schema}.{one.table} USING ({', '.join(unique)})"
    )


def insert_races(conn: Connection, schema: str, conflict: str = "") -> None:
    columns = _columns(conn, f"{schema}.races")
    joins = " LEFT JOIN key_courses AS k ON k.region = s.region AND k.course = s.course"
    given = {"course_id": "k.id"} | {name: _cell(name, kind) for name, kind in columns.items()}
    _insert(conn, f"{schema}.races", given, f"raw.races AS s{joins}", conflict)


def insert_runners(conn: Connection, schema: str, bounds: str = "", conflict: str = "") -> None:
    """`bounds` keeps the join to the races' partition of one month."""
    columns = _columns(conn, f"{schema}.runners")
    given = {"race_id": "race.race_id", "race_date": "race.race_date"}
    joins = f" JOIN {schema}.races AS race ON race.race_key = s.race_key{bounds}"
    for one in DIMENSIONS[1:]:
        given[one.key] = f"k_{one.table}.id"
        same = " AND ".join(
            f"k_{one.table}.{cell} = s.{cell}"
            if len(one.cells) == 1
            else f"coalesce(k_{one.table}.{cell}, '') = coalesce(s.{cell}, '')"
            for cell in one.cells
        )
        joins += f" LEFT JOIN key_{one.table} AS k_{one.table} ON {same}"
    given |= {name: _cell(name, kind) for name, kind in columns.items() if name not in given}
    _insert(conn, f"{schema}.runners", given, f"raw.runners AS s{joins}", conflict)


def overwrite(conn: Connection, table: str, key: str) -> str:
    """The clause that makes a row that is there like the one that is to be inserted."""
    names = [*_columns(conn, table), *_keys(conn, table)]
    changes = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in names if name != key)
    return f" ON CONFLICT ({key}, race_date) DO UPDATE SET {changes}"


def _insert(
    conn: Connection, table: str, given: Mapping[str, str], source: str, conflict: str
) -> None:
    names = ", ".join(f'"{name}"' for name in given)
    statement = f"INSERT INTO {table} ({names}) SELECT {', '.join(given.values())} FROM {source}"
    conn.execute(f"{statement}{conflict}".encode())


def _columns(conn: Connection, table: str) -> dict[str, str]:
    """Columns that cells of the files go to, with their types."""
    return {name: kind for name, kind in _found(conn, table) if not name.endswith("_id")}


def _keys(conn: Connection, table: str) -> list[str]:
    """Columns that dimension and race keys go to."""
    own = table.rpartition(".")[2].removesuffix("s") + "_id"
    return [name for name, _ in _found(conn, table) if name.endswith("_id") and name != own]


def _found(conn: Connection, table: str) -> list[tuple[str, str]]:
    rows = conn.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped"
        " ORDER BY attnum",
        [table],
    ).fetchall()
    return [(str(name), str(kind)) for name, kind in rows]


def _cell(name: str, kind: str) -> str:
    source = f's."{RENAMED.get(name, name)}"'
    if name == "off_time":  # the 12-hour clock of an afternoon sport
        afternoon = f"{source}::time < '10:00'"
        return f"{source}::time + CASE WHEN {afternoon} THEN '12h' ELSE '0h' END::interval"
    if name in DASHED:
        return f"nullif(translate({source}, '-\u2013\u2014', ''), '')::{kind}"
    return source if kind == "text" else f"{source}::{kind}"
