"""An existing GiddyUp database with rows in it, in each of its variants: completed, not changed."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from giddyup_watch.errors import ConfigError
from giddyup_watch.store import connection, migrate
from giddyup_watch.store.connection import Connection
from tests import legacy, schema, server
from tests.conftest import LOCK_ID
from tests.server import ProgramError, Server


@dataclass(frozen=True)
class Existing:
    """A filled database of other hands, as it was before and where it is after migration."""

    url: str
    variant: legacy.Variant
    rows: dict[str, tuple[int, str]]
    statements: set[str]


@pytest.fixture(scope="module", params=legacy.VARIANTS)
def migrated(request: pytest.FixtureRequest, postgres: Server) -> Iterator[Existing]:
    """The tests that share it only look."""
    variant = legacy.VARIANTS[request.param]
    with postgres.database() as url:
        legacy.build(url, variant)
        legacy.fill(url, variant)
        before = Existing(url, variant, legacy.contents(url), schema.statements(postgres, url))
        _migrate(url)
        yield before


def test_no_row_is_lost_or_changed(migrated: Existing) -> None:
    after = legacy.contents(migrated.url)

    assert migrated.rows["runners"][0] == 54
    assert {name: after[name] for name in migrated.rows} == migrated.rows


def test_nothing_is_rewritten_but_an_unbound_norm_text(
    migrated: Existing, postgres: Server
) -> None:
    gone = migrated.statements - schema.statements(postgres, migrated.url)

    assert len(gone) == (0 if migrated.variant.body == "qualified" else 1)
    assert all(
        f"FUNCTION {migrated.variant.norm_text}.norm_text" in statement for statement in gone
    )


def test_what_is_missing_is_added(migrated: Existing) -> None:
    assert {"etl_runs", "ingested_days", "ledger_segments"} <= legacy.contents(migrated.url).keys()
    with psycopg.connect(migrated.url) as conn:
        staging = conn.execute("SELECT to_regclass('staging.races') IS NOT NULL").fetchone()
        assert staging == (True,)


def test_indexes_and_views_stay_as_their_owner_chose(migrated: Existing, postgres: Server) -> None:
    added = schema.statements(postgres, migrated.url) - migrated.statements

    theirs = re.compile(
        r"INDEX .* ON (ONLY )?racing\.(races|runners|horses|mv_)|^CREATE MATERIALIZED VIEW"
    )
    assert [statement for statement in added if theirs.search(statement)] == []


def test_second_run_changes_nothing(migrated: Existing, postgres: Server) -> None:
    before = schema.dump(postgres, migrated.url), legacy.contents(migrated.url)

    assert _migrate(migrated.url) == []
    assert (schema.dump(postgres, migrated.url), legacy.contents(migrated.url)) == before


def test_norm_text_gives_what_is_stored(migrated: Existing) -> None:
    with _connected(migrated.url) as conn:
        differing = conn.execute(
            "SELECT horse_name FROM racing.horses"
            " WHERE horse_norm IS DISTINCT FROM racing.norm_text(horse_name)"
        )
        assert differing.fetchall() == []


def test_dump_and_restore_afterwards(
    migrated: Existing, postgres: Server, second_empty_database: str
) -> None:
    schema.copy(postgres, migrated.url, second_empty_database)

    assert legacy.contents(second_empty_database) == legacy.contents(migrated.url)
    with _connected(second_empty_database) as conn:
        assert migrate.pending(conn) == []


def test_dump_and_restore_do_not_work_before(
    empty_database: str, postgres: Server, second_empty_database: str
) -> None:
    """Else the function need not be touched at all."""
    legacy.build(empty_database)
    legacy.fill(empty_database)

    with pytest.raises(ProgramError, match="unaccent"):
        schema.copy(postgres, empty_database, second_empty_database)


def test_a_norm_text_with_other_results_is_refused(empty_database: str, postgres: Server) -> None:
    variant = legacy.Variant(body="other")
    legacy.build(empty_database, variant)
    legacy.fill(empty_database, variant)
    before = schema.dump(postgres, empty_database), legacy.contents(empty_database)

    with pytest.raises(ConfigError, match=r"for .Ascot \(AW\). in racing\.courses") as caught:
        _migrate(empty_database)

    assert "norm_text" in caught.value.hint
    assert (schema.dump(postgres, empty_database), legacy.contents(empty_database)) == before


def test_staging_tables_of_others_are_refused_by_name(empty_database: str) -> None:
    legacy.build(empty_database)
    with psycopg.connect(empty_database) as conn:
        conn.execute("CREATE SCHEMA staging")
        conn.execute("CREATE TABLE staging.runners (theirs text)")

    with pytest.raises(ConfigError, match=r"staging\.runners is there already") as caught:
        _migrate(empty_database)

    assert "ALTER TABLE staging.runners RENAME" in caught.value.hint


def test_results_stored_by_an_older_norm_text_are_respected(empty_database: str) -> None:
    legacy.build(empty_database, legacy.Variant(body="other"))
    legacy.fill(empty_database)
    with psycopg.connect(empty_database) as conn:
        conn.execute("SET search_path TO racing, public")
        conn.execute(legacy.norm_text(legacy.Variant()))

    with pytest.raises(ConfigError, match="the result would change"):
        _migrate(empty_database)


def test_a_function_of_that_name_that_is_not_ours_is_left_alone(
    empty_database: str, postgres: Server
) -> None:
    with psycopg.connect(empty_database) as conn:
        conn.execute("SET check_function_bodies TO off")
        conn.execute(
            "CREATE FUNCTION public.norm_text(text) RETURNS text LANGUAGE sql AS 'SELECT gone($1)'"
        )
    before = schema.statements(postgres, empty_database)

    _migrate(empty_database)

    assert before <= schema.statements(postgres, empty_database)
    with _connected(empty_database) as conn:
        assert conn.execute("SELECT racing.norm_text('Élan')").fetchone() == ("elan",)


def test_an_owner_needs_no_superuser_where_the_extensions_are(
    empty_database: str, postgres: Server
) -> None:
    legacy.build(empty_database)
    legacy.fill(empty_database)
    with schema.role(empty_database) as role:
        schema.give(empty_database, role)
        with _connected(server.as_role(empty_database, role)) as conn:
            assert migrate.apply(conn, LOCK_ID) == migrate.available()


def _migrate(url: str) -> list[migrate.Migration]:
    with _connected(url) as conn:
        return migrate.apply(conn, LOCK_ID)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    with closing(connection.connect(url, application_name="test")) as conn:
        yield conn
