"""What an administrator has set for the role: it changes nothing of what is loaded."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from giddyup_watch.demo import edits
from giddyup_watch.errors import PermissionDeniedError
from giddyup_watch.explain import verify
from giddyup_watch.store import connection, roles
from giddyup_watch.store.connection import Connection
from tests import comparison, schema, server
from tests.flow import loading
from tests.ingest.conftest import FLAT, SMALL, Bench
from tests.server import Server

#: Each of them would end a session, spoil a statement or put a value into other words.
HOSTILE = {
    "search_path": "theirs, pg_catalog",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "idle_session_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "transaction_timeout": "5s",
    "DateStyle": "SQL, DMY",
    "TimeZone": "Asia/Tokyo",
    "IntervalStyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "quote_all_identifiers": "on",
    "client_encoding": "LATIN1",
    "row_security": "off",
}
SPAN = {"first": "2024-06-01", "next": "2024-07-01"}
#: Stands in for a function of the server wherever a name is looked up by that path.
STAND_INS = """
CREATE SCHEMA theirs;
GRANT USAGE ON SCHEMA theirs TO public;
CREATE FUNCTION theirs.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION theirs.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT $2';
CREATE FUNCTION theirs.current_setting(text, boolean) RETURNS text LANGUAGE sql AS 'SELECT NULL';
"""


@pytest.fixture
def name(database: str, owner: Connection) -> Iterator[str]:
    """A role with the rights of a daemon."""
    with schema.role(database) as made:
        roles.bring_up(owner, made)
        yield made


def test_a_load_ends_equal_and_is_proven(
    name: str, owner: Connection, postgres: Server, database: str, second_database: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    owner.execute(STAND_INS.encode())
    for setting, value in HOSTILE.items():
        if setting == "transaction_timeout" and postgres.version < 17:
            continue
        text = sql.SQL("ALTER ROLE {} SET {} = {}")
        # A path is a list, not one name.
        word = sql.SQL(value) if setting == "search_path" else sql.Literal(value)
        owner.execute(text.format(sql.Identifier(name), sql.Identifier(setting), word))
    url = server.as_role(database, name)
    _is_hostile(url)
    with closing(connection.connect(url, application_name="giddyup-watch test")) as conn:
        bench = Bench(conn, tmp_path)
        bench.put(FLAT, SMALL.month(FLAT))
        assert bench.load(FLAT).result == "loaded"
        card = bench.card(FLAT)
        edits.correct_result(card, edits.resulted(card)[0])
        bench.put(FLAT, card)
        assert bench.load(FLAT).result == "loaded"
        assert bench.load(FLAT).result == "unchanged"
        timeouts = conn.execute(
            "SELECT name, setting FROM pg_settings WHERE name ~ '^(idle|tra).*_timeout$'"
        )
        assert {setting for _, setting in timeouts} == {"0"}
        assert [one.result for one in verify.prove(bench.session, [FLAT])] == ["equal"]
    loading.load(second_database, tmp_path)
    assert comparison.difference(database, second_database) == []


def _is_hostile(url: str) -> None:
    with closing(psycopg.connect(url, autocommit=True)) as plain:
        assert plain.execute("SELECT pg_backend_pid()").fetchone() == (1,)
        assert plain.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


def test_rows_hidden_by_a_policy_are_an_error_and_not_gone(
    name: str, owner: Connection, database: str
) -> None:
    owner.execute("ALTER TABLE racing.races ENABLE ROW LEVEL SECURITY")
    url = server.as_role(database, name)
    with (
        closing(connection.connect(url, application_name="giddyup-watch test")) as conn,
        pytest.raises(PermissionDeniedError, match="row-level security policy"),
    ):
        connection.fetch_all(conn, "count_races_by_day", SPAN)
