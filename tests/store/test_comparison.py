"""The tool that says whether two databases are equal."""

from contextlib import closing

import psycopg
import pytest

from giddyup_watch.store import connection, migrate
from tests import comparison, legacy
from tests.conftest import LOCK_ID


@pytest.fixture
def pair(database: str, empty_database: str) -> tuple[str, str]:
    """Two databases with the same rows, whose ids and dimensions came about differently."""
    with closing(connection.connect(empty_database, application_name="test")) as conn:
        migrate.apply(conn, LOCK_ID)
    with psycopg.connect(empty_database) as other:
        other.execute("INSERT INTO racing.horses (horse_name) VALUES ('Nobody''s Horse')")
        other.execute("SELECT nextval('racing.races_race_id_seq')")
    races, runners = legacy.sample()
    for url, step in ((database, 1), (empty_database, -1)):
        with psycopg.connect(url) as conn:
            conn.execute(
                "SELECT racing.ensure_month(d) FROM unnest('{2024-05-01, 2024-06-01}'::date[]) AS d"
            )
            conn.execute("INSERT INTO racing.ingested_days VALUES ('gb', 'flat', '2024-06-01')")
        legacy.load(url, races[::step], runners[::step])
    return database, empty_database


def test_ids_and_unused_dimensions_do_not_count(pair: tuple[str, str]) -> None:
    assert comparison.difference(*pair) == []
    assert comparison.facts(pair[0]) == comparison.facts(pair[1])
    assert {name for name, _ in comparison.facts(pair[0])} == {"races", "runners", "ingested_days"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE racing.runners SET win_bsp = 9.5 WHERE num = 2", "win_bsp '2.0' | '9.5'"),
        ("UPDATE racing.runners SET pos_raw = NULL WHERE num = 1", "pos_num '1' | 'None'"),
        ("UPDATE racing.runners SET horse_id = NULL WHERE num = 1", "horse_norm 'elan' | 'None'"),
        ("UPDATE racing.races SET off_time = '11:00'", "off_time"),
        ("DELETE FROM racing.runners WHERE num = 3", "only in the first"),
        ("DELETE FROM racing.races", "race_key"),
        ("DELETE FROM racing.ingested_days", "ingested_days 2024-06-01 gb flat: only in the first"),
        (
            "INSERT INTO racing.ledger_days VALUES ('gb', 'flat', '2024-06-01', 'held')",
            "ledger_days 2024-06-01 gb flat: only in the second",
        ),
    ],
)  # fmt: skip
def test_a_difference_is_told(pair: tuple[str, str], change: str, told: str) -> None:
    with psycopg.connect(pair[1]) as conn:
        conn.execute(change.encode())

    assert any(told in line for line in comparison.difference(*pair))


def test_attempts_and_times_of_the_ledger_do_not_count(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO racing.ledger_segments (region, code, month, state, attempts, changed_at)"
            " VALUES ('gb', 'flat', '2024-06-01', 'loaded', 3, '2024-06-02')"
        )
        before = comparison.facts(database)
        conn.execute(
            "UPDATE racing.ledger_segments SET attempts = 1, run_id = 7, decided_at = now()"
        )

    assert comparison.facts(database) == before
