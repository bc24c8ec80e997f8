"""Whether two databases are equal in the sense of the program's first invariant.

Rows are compared with ids replaced by the norms they point to; columns that
no file decides (ids, times, runs, attempts, what other programs add) are left
out. Checksums per day come first, rows only where those differ.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from tests import server

Connection = psycopg.Connection[tuple[Any, ...]]
Facts = dict[tuple[str, date], tuple[int, str]]

#: How many differing rows of a table and day are told one by one.
DETAILS = 5


@dataclass(frozen=True)
class _Table:
    """What is compared: `key` names a row to a reader, `day` groups rows."""

    source: str
    day: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


def _columns(own: str, joined: str = "") -> tuple[str, ...]:
    return (*(f't."{name}"' for name in own.split()), *joined.split())


_RACES = _Table(
    source="racing.races AS t LEFT JOIN racing.courses USING (course_id)",
    day="t.race_date",
    key=("race_key",),
    columns=_columns(
        "race_key race_date region off_time race_name race_type class pattern rating_band"
        " age_band sex_rest dist_raw dist_f dist_m going surface ran",
        "course_norm",
    ),
)

_RUNNERS = _Table(
    source="""
      racing.runners AS t
      LEFT JOIN racing.races AS race USING (race_id, race_date)
      LEFT JOIN racing.horses USING (horse_id)
      LEFT JOIN racing.trainers USING (trainer_id)
      LEFT JOIN racing.jockeys USING (jockey_id)
      LEFT JOIN racing.owners USING (owner_id)
      LEFT JOIN racing.bloodlines USING (blood_id)
    """,
    day="t.race_date",
    key=("runner_key",),
    columns=_columns(
        "runner_key race_date num pos_raw pos_num win_flag draw ovr_btn btn age sex lbs hg"
        " time_raw secs dec prize prize_raw or rpr comment win_bsp win_ppwap win_morningwap"
        " win_ppmax win_ppmin win_ipmax win_ipmin win_morning_vol win_pre_vol win_ip_vol win_lose"
        " place_bsp place_ppwap place_morningwap place_ppmax place_ppmin place_ipmax place_ipmin"
        " place_morning_vol place_pre_vol place_ip_vol place_win_lose"
        " match_jaccard match_time_diff_min match_reason",
        "race.race_key horse_norm trainer_norm jockey_norm owner_norm"
        " sire_norm dam_norm damsire_norm",
    ),
)

_DAYS = _Table(
    source="racing.ingested_days AS t",
    day="t.d",
    key=("region", "code"),
    columns=_columns("region code d"),
)

#: Tables of the program's own: every column counts, but for these.
_LEDGER = {
    "ledger_segments": ("t.month", ("region", "code")),
    "ledger_days": ("t.d", ("region", "code")),
    "ledger_races": ("t.race_date", ("region", "code", "race_key")),
    "ingest_rejects": ("coalesce(t.d, t.month)", ("region", "code", "file", "line")),
}
_LEFT_OUT = {"attempts", "run_id", "changed_at", "decided_at", "rejected_at"}


def facts(url: str) -> Facts:
    """Number of rows and checksum for each table and day."""
    with closing(psycopg.connect(server.as_owner(url))) as conn:
        return _facts(conn)


def difference(url_a: str, url_b: str) -> list[str]:
    """What differs, one line for each row or day; empty when the databases are equal."""
    with (
        closing(psycopg.connect(server.as_owner(url_a))) as a,
        closing(psycopg.connect(server.as_owner(url_b))) as b,
    ):
        facts_a, facts_b = _facts(a), _facts(b)
        differing = sorted(
            place
            for place in facts_a.keys() | facts_b.keys()
            if facts_a.get(place) != facts_b.get(place)
        )
        return [line for place in differing for line in _details(a, b, *place)]


def _facts(conn: Connection) -> Facts:
    conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    found: Facts = {}
    for name, table in _tables(conn).items():
        row = f"ROW({', '.join(table.columns)})::text"
        statement = (
            f"SELECT {table.day}, count(*), sum(hashtextextended({row}, 0))"
            f" FROM {table.source} GROUP BY 1"
        )
        for day, rows, checksum in conn.execute(statement.encode()):
            found[name, day] = (rows, str(checksum))
    return found


def _tables(conn: Connection) -> dict[str, _Table]:
    tables = {"races": _RACES, "runners": _RUNNERS, "ingested_days": _DAYS}
    for name, (day, key) in _LEDGER.items():
        columns = conn.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [f"racing.{name}"],
        ).fetchall()
        compared = [column for (column,) in columns if column not in _LEFT_OUT]
        tables[name] = _Table(f"racing.{name} AS t", day, key, _columns(" ".join(compared)))
    return tables


def _details(a: Connection, b: Connection, name: str, day: date) -> list[str]:
    rows_a, rows_b = _rows(a, name, day), _rows(b, name, day)
    keys = sorted(
        key for key in rows_a.keys() | rows_b.keys() if rows_a.get(key) != rows_b.get(key)
    )
    told = [
        f"{name} {day} {key}: {_compare(rows_a.get(key), rows_b.get(key))}"
        for key in keys[:DETAILS]
    ]
    if len(keys) > DETAILS:
        told.append(f"{name} {day}: {len(keys) - DETAILS} more rows differ")
    return told


def _rows(conn: Connection, name: str, day: date) -> dict[str, list[dict[str, str]]]:
    """Rows of a day by key. More than one may have it: duplicates count."""
    table = _tables(conn)[name]
    statement = f"SELECT {', '.join(table.columns)} FROM {table.source} WHERE {table.day} = %s"
    found: dict[str, list[dict[str, str]]] = {}
    with conn.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        for row in cursor.execute(statement.encode(), [day]):
            text = {column: str(value) for column, value in row.items()}
            found.setdefault(" ".join(text[part] for part in table.key), []).append(text)
    return {key: sorted(rows, key=str) for key, rows in found.items()}


def _compare(a: list[dict[str, str]] | None, b: list[dict[str, str]] | None) -> str:
    if not a or not b:
        return "only in the second" if b else "only in the first"
    if len(a) != len(b):
        return f"{len(a)} times, {len(b)} times"
    pairs = zip(a, b, strict=True)
    return ", ".join(_cells(x, y) for x, y in pairs if x != y)


def _cells(a: Mapping[str, str], b: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {a[name]!r} | {b[name]!r}" for name in a if a[name] != b[name])
