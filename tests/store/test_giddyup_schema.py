"""What the migrations make of an empty database: the GiddyUp schema, as other programs know it."""

from collections import Counter
from contextlib import closing

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from giddyup_watch.store import connection, migrate
from giddyup_watch.store.connection import Connection
from tests.conftest import LOCK_ID

#: Definitions as pg_get_indexdef prints them after "USING".
_RACES_INDEXES = {
    "btree (race_date)": 2,
    "btree (course_id, race_date)": 1,
    "btree (race_type, going)": 1,
    "btree (dist_f)": 1,
    "btree (course_id, race_date, race_type) INCLUDE (going, dist_f, class)": 1,
    "btree (race_id, race_date)": 1,
    "btree (race_key, race_date)": 1,
}
_RUNNERS_INDEXES = {
    "btree (race_date)": 1,
    "btree (race_id)": 1,
    "btree (race_id) WHERE (pos_num IS NOT NULL)": 1,
    "btree (race_id) WHERE (pos_raw IS NULL)": 1,
    "btree (race_date) WHERE (pos_raw IS NULL)": 1,
    "btree (horse_id, trainer_id, jockey_id)": 1,
    "btree (draw) WHERE (draw IS NOT NULL)": 1,
    'btree (win_bsp, "dec")': 1,
    "btree (horse_id, race_date DESC)": 2,
    "btree (horse_id, race_date DESC)"
    ' INCLUDE (pos_num, pos_raw, win_flag, btn, "or", rpr, win_bsp, "dec", secs)': 1,
    "btree (trainer_id, race_date DESC) WHERE (trainer_id IS NOT NULL)": 1,
    "btree (jockey_id, race_date DESC) WHERE (jockey_id IS NOT NULL)": 1,
    "gin (to_tsvector('english'::regconfig, comment))": 1,
    "gin (to_tsvector('english'::regconfig, COALESCE(comment, ''::text)))": 1,
    "btree (runner_id, race_date)": 1,
    "btree (runner_key, race_date)": 1,
}
_BASE_INDEXES = {
    "btree (horse_id, race_date DESC)": 1,
    "btree (trainer_id, race_date DESC)": 1,
    "btree (jockey_id, race_date DESC)": 1,
    "btree (race_type, race_date DESC)": 1,
}
_NEXT_INDEXES = {
    "btree (last_date, next_date)": 1,
    "btree (last_pos, last_btn, dsr_next)": 1,
    "btree (horse_id)": 1,
    "btree (last_race_type)": 1,
}


@pytest.mark.parametrize(
    ("name", "norm"),
    [
        ("Élan", "elan"),
        ("Dancing In Paris (FR)", "dancing in paris"),
        ("Dancing In Paris (IRE) ", "dancing in paris"),
        ("Long (FRAN)", "long  fran "),
        ("(GB)", ""),
        ("St. Mac", "st  mac"),
        ("D'Artagnan", "d artagnan"),
        ("  Two  Spaces ", "  two  spaces "),
        ("Mix 3-7", "mix 3 7"),
        ("ÆØÅ Straße", "aeoa strasse"),
        ("", ""),
        (None, ""),
    ],
)
def test_norm_text(conn: Connection, name: str | None, norm: str) -> None:
    assert _value(conn, "SELECT racing.norm_text(%s)", name) == norm


_EXTENSIONS_ELSEWHERE = """
CREATE SCHEMA extensions;
CREATE EXTENSION unaccent SCHEMA extensions;
CREATE EXTENSION pg_trgm SCHEMA extensions;
"""


@pytest.mark.parametrize("before", ["DROP SCHEMA public", _EXTENSIONS_ELSEWHERE])
def test_the_extensions_may_live_anywhere(empty_database: str, before: str) -> None:
    with psycopg.connect(empty_database) as admin:
        admin.execute(before.encode())
    with closing(connection.connect(empty_database, application_name="test")) as conn:
        migrate.apply(conn, LOCK_ID)
        assert _value(conn, "SELECT racing.norm_text('Élan')") == "elan"


def test_norm_text_of_anything_is_plain(conn: Connection) -> None:
    @given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
    def check(name: str) -> None:
        norm = _value(conn, "SELECT racing.norm_text(%s)", name)
        assert _value(conn, "SELECT racing.norm_text(%s) ~ '^[a-z0-9\\s]*$'", name)
        assert _value(conn, "SELECT racing.norm_text(%s)", norm) == norm

    check()


@pytest.mark.parametrize(
    ("pos", "number", "won"),
    [
        ("1", 1, True),
        ("12", 12, False),
        ("1dht", 1, True),
        ("PU", None, False),
        (None, None, False),
    ],
)
def test_generated_columns_of_a_runner(
    conn: Connection, pos: str | None, number: int | None, won: bool
) -> None:
    conn.execute("SELECT racing.ensure_month('2024-06-01')")
    row = conn.execute(
        "INSERT INTO racing.runners (runner_key, race_id, race_date, pos_raw)"
        " VALUES ('k', 1, '2024-06-01', %s) RETURNING pos_num, win_flag",
        [pos],
    ).fetchone()
    assert row == (number, won)


@pytest.mark.parametrize("column", ["win_bsp", "dec"])
def test_prices_below_1_01_break_the_check(conn: Connection, column: str) -> None:
    conn.execute("SELECT racing.ensure_month('2024-06-01')")
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(
            f"INSERT INTO racing.runners (runner_key, race_id, race_date, {column})"
            " VALUES ('k', 1, '2024-06-01', 1.0)".encode()
        )


def test_a_year_of_partitions_made_twice_is_made_once(conn: Connection) -> None:
    conn.execute("SELECT racing.create_partitions_for_year(2023)")
    conn.execute("SELECT racing.create_partitions_for_year(2023)")

    names = conn.execute(
        "SELECT oid::regclass::text FROM pg_class"
        " WHERE relispartition AND relkind = 'r' AND relname LIKE '%\\_2023\\_%'"
    )
    assert sorted(name for (name,) in names) == sorted(
        f"racing.{table}_2023_{month:02d}"
        for table in ("races", "runners")
        for month in range(1, 13)
    )


@pytest.mark.parametrize(
    ("relation", "indexes"),
    [
        ("races", _RACES_INDEXES),
        ("runners", _RUNNERS_INDEXES),
        ("mv_runner_base", _BASE_INDEXES),
        ("mv_last_next", _NEXT_INDEXES),
        ("mv_draw_bias_flat", {"btree (course_id, surface, dist_f_bin)": 1}),
    ],
)
def test_indexes(conn: Connection, relation: str, indexes: dict[str, int]) -> None:
    found = conn.execute(
        "SELECT split_part(pg_get_indexdef(indexrelid), ' USING ', 2) FROM pg_index"
        " WHERE indrelid = %s::regclass",
        [f"racing.{relation}"],
    )
    assert Counter(definition for (definition,) in found) == Counter(indexes)


@pytest.mark.parametrize("name", ["course", "horse", "trainer", "jockey", "owner"])
def test_dimensions_are_unique_by_norm_and_searchable(conn: Connection, name: str) -> None:
    region = ", region" if name == "course" else ""
    value = ", 'GB'" if name == "course" else ""
    insert = f"INSERT INTO racing.{name}s ({name}_name{region}) VALUES (%s{value})".encode()
    conn.execute(insert, ["Élan (FR)"])

    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute(insert, ["ELAN"])
    definitions = conn.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [f"{name}s"])
    assert any(f"gin ({name}_name" in definition for (definition,) in definitions)


def test_bloodlines_without_names_are_one(conn: Connection) -> None:
    conn.execute("INSERT INTO racing.bloodlines (sire) VALUES ('Galileo (IRE)')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute("INSERT INTO racing.bloodlines (sire, dam) VALUES ('galileo', NULL)")


def test_views_follow_their_definitions(conn: Connection) -> None:
    conn.execute("SELECT racing.ensure_month('2024-06-01')")
    conn.execute("INSERT INTO racing.horses (horse_name) VALUES ('A'), ('B')")
    conn.execute(
        "INSERT INTO racing.races"
        " (race_key, race_date, region, race_name, race_type, ran, off_time, dist_f, surface)"
        " SELECT 'r' || n, '2024-06-01'::date + n / 2, 'GB', 'x', 'Flat', 2, '14:00', 8.04, 'Turf'"
        " FROM generate_series(1, 3) AS n"
    )
    conn.execute(
        "INSERT INTO racing.runners (runner_key, race_id, race_date, horse_id, pos_raw, draw)"
        " SELECT 'k' || race_id || horse_id, race_id, race_date, horse_id,"
        "   CASE WHEN horse_id = 1 THEN '1' ELSE 'PU' END, horse_id"
        " FROM racing.races, racing.horses"
    )
    for view in ("mv_runner_base", "mv_last_next", "mv_draw_bias_flat"):
        conn.execute(f"REFRESH MATERIALIZED VIEW racing.{view}".encode())

    assert _value(conn, "SELECT count(*) FROM racing.mv_runner_base") == 6
    runs = conn.execute(
        "SELECT last_race_id, next_race_id, dsr_next FROM racing.mv_last_next ORDER BY 1"
    )
    assert runs.fetchall() == [(1, 2, 1), (2, 3, 0)]
    bias = conn.execute(
        "SELECT dist_f_bin::float8, draw_quartile, n, wins, win_rate::float8"
        " FROM racing.mv_draw_bias_flat"
    )
    assert bias.fetchall() == [(8.0, 1, 6, 3, 0.5)]


def test_a_run_is_finished_exactly_when_its_status_is_final(conn: Connection) -> None:
    insert = "INSERT INTO racing.etl_runs (status, finished_at, scope) VALUES (%s, %s, '{}')"
    conn.execute(insert, ["running", None])
    conn.execute(insert, ["failed", "2024-06-01"])
    for status, finished in (("running", "2024-06-01"), ("success", None), ("odd", "2024-06-01")):
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute(insert, [status, finished])


def _value(conn: Connection, statement: str, *parameters: object) -> object:
    row = conn.execute(statement.encode(), parameters or None).fetchone()
    assert row is not None
    return row[0]
