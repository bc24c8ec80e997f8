"""The functions that act with their owner's rights do what they are for, and nothing else."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from giddyup_watch.errors import ConfigError, PermanentError, PermissionDeniedError
from giddyup_watch.store import connection, migrate, roles, views
from giddyup_watch.store.connection import Connection
from tests import legacy, schema, server
from tests.conftest import LOCK_ID

ENSURE = "SELECT racing.ensure_month(%s::pg_catalog.date)"
REFRESH = "SELECT racing.refresh_view(%s::pg_catalog.regclass)"
HIJACKED = "hijacked as"


@pytest.fixture
def limited(database: str, conn: Connection) -> Iterator[Connection]:
    """A session of a role with the rights of a daemon."""
    with schema.role(database) as name:
        roles.bring_up(conn, name)
        url = server.as_role(database, name)
        with closing(connection.connect(url, application_name="giddyup-watch test")) as opened:
            yield opened


def test_a_month_made_for_the_role_can_be_used_by_it_at_once(
    limited: Connection, conn: Connection
) -> None:
    assert limited.execute(ENSURE, ["2031-05-17"]).fetchone() == (2,)
    limited.execute(
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('one', '2031-05-17', 'GB', 'Stakes', 'Flat', 0)"
    )
    assert _owner(conn, "racing.races_2031_05") == _owner(conn, "racing.races")
    assert limited.execute(ENSURE, ["2031-05-01"]).fetchone() == (0,)


@pytest.mark.parametrize(
    "day", ["1699-12-31", "2200-01-01", "0044-03-15 BC", "infinity", "-infinity", None]
)
def test_a_month_out_of_bounds_is_refused(
    limited: Connection, conn: Connection, day: str | None
) -> None:
    before = schema.tables(conn)
    with pytest.raises(PermanentError, match="years 1700 to 2199"), connection.translated():
        limited.execute(ENSURE, [day])
    assert schema.tables(conn) == before


@pytest.mark.parametrize("day", ["1700-01-01", "2199-12-31"])
def test_the_bounds_themselves_are_months(limited: Connection, day: str) -> None:
    assert limited.execute(ENSURE, [day]).fetchone() == (2,)


@pytest.mark.parametrize(
    "other",
    [
        "racing.races",
        "racing.ingest_coverage",
        "racing.races_pkey",
        "public.constant",
        '"Odd Place"."a; DROP TABLE racing.races"',
        "pg_catalog.pg_class",
        "0",
    ],
)
def test_only_materialized_views_over_the_facts_are_refreshed(
    limited: Connection, conn: Connection, other: str
) -> None:
    conn.execute("CREATE MATERIALIZED VIEW public.constant AS SELECT 1 AS one")
    conn.execute('CREATE SCHEMA "Odd Place"')
    conn.execute('GRANT USAGE ON SCHEMA "Odd Place" TO plain')
    conn.execute(
        'CREATE MATERIALIZED VIEW "Odd Place"."a; DROP TABLE racing.races" AS SELECT 1 AS one'
    )
    with (
        pytest.raises(PermanentError, match="is not a materialized view over tables"),
        connection.translated(),
    ):
        limited.execute(REFRESH, [other])
    assert _owner(conn, "racing.races") == "postgres"


def test_a_view_with_an_odd_name_is_refreshed(limited: Connection, conn: Connection) -> None:
    odd = '"Odd Place"."a; DROP TABLE racing.races"'
    conn.execute('CREATE SCHEMA "Odd Place"')
    conn.execute(f"CREATE MATERIALIZED VIEW {odd} AS SELECT * FROM racing.races WITH NO DATA")
    [view] = [one for one in views.fetch(limited) if one.full_name == odd]
    views.refresh_as_owner(limited, view)
    assert conn.execute(f"SELECT count(*) FROM {odd}").fetchone() == (0,)


def test_readers_go_on_while_a_view_is_refreshed_for_the_role(
    limited: Connection, conn: Connection, database: str
) -> None:
    conn.execute("CREATE UNIQUE INDEX ON racing.mv_runner_base (runner_id)")
    limited.execute("SET lock_timeout = '100ms'")
    with psycopg.connect(database) as reader:
        reader.execute("SELECT count(*) FROM racing.mv_runner_base")
        limited.execute("SELECT racing.refresh_view('racing.mv_runner_base', true)")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            limited.execute("SELECT racing.refresh_view('racing.mv_runner_base')")


def test_a_view_of_a_third_party_is_refreshed_by_a_superuser_only(
    limited: Connection, conn: Connection
) -> None:
    """And computed with the rights of its owner, whoever refreshes it."""
    conn.execute("CREATE ROLE analyst")
    try:
        conn.execute("GRANT USAGE, CREATE ON SCHEMA racing TO analyst")
        conn.execute("GRANT SELECT ON racing.races TO analyst")
        conn.execute("SET ROLE analyst")
        conn.execute(
            "CREATE FUNCTION racing.who(text) RETURNS text LANGUAGE sql AS 'SELECT current_user'"
        )
        conn.execute(
            "CREATE MATERIALIZED VIEW racing.theirs AS"
            " SELECT racing.who('x') AS who, (SELECT count(*) FROM racing.races) AS n"
        )
        conn.execute("RESET ROLE")
        limited.execute(REFRESH, ["racing.theirs"])
        assert conn.execute("SELECT who FROM racing.theirs").fetchone() == ("analyst",)
        conn.execute("CREATE ROLE keeper")
        conn.execute("GRANT USAGE ON SCHEMA racing TO keeper")
        conn.execute("GRANT CREATE ON SCHEMA racing TO keeper")
        conn.execute("ALTER FUNCTION racing.refresh_view(regclass, boolean) OWNER TO keeper")
        with pytest.raises(PermissionDeniedError, match="theirs"), connection.translated():
            limited.execute(REFRESH, ["racing.theirs"])
    finally:
        conn.execute("RESET ROLE")
        conn.execute("DROP OWNED BY analyst, keeper CASCADE")
        conn.execute("DROP ROLE analyst, keeper")


@pytest.mark.parametrize(
    "call",
    [
        "ensure_month('2031-01-01')",
        "begin_month()",
        "attach_month('2031-01-01')",
        "measure_facts()",
        "refresh_view('racing.races')",
    ],
)
def test_nobody_else_may_call_them(conn: Connection, database: str, call: str) -> None:
    with schema.role(database) as name:
        conn.execute("GRANT USAGE ON SCHEMA racing TO plain")
        with (
            psycopg.connect(server.as_role(database, name)) as stranger,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="for function"),
        ):
            stranger.execute(f"SELECT racing.{call}".encode())


def test_temporary_objects_of_the_caller_stand_in_for_nothing(limited: Connection) -> None:
    """They come before every schema of a path that does not name theirs."""
    limited.execute(
        f"""
        CREATE FUNCTION pg_temp.hijack() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION '{HIJACKED} %%', current_user;
        END
        $$
        """.replace("%%", "%").encode()
    )
    for catalog in ("pg_class", "pg_inherits", "pg_rewrite", "pg_depend", "pg_namespace"):
        limited.execute(
            f"CREATE TEMP VIEW {catalog} AS"
            f" SELECT * FROM pg_catalog.{catalog} WHERE pg_temp.hijack()".encode()
        )
    for name in ("races", "runners", "mv_runner_base", "date", "name", "text", "regclass", "int4"):
        limited.execute(f"CREATE TEMP TABLE {name} (stolen pg_catalog.int4)".encode())
    with pytest.raises(psycopg.errors.RaiseException, match=HIJACKED):
        limited.execute("SELECT FROM pg_class")

    assert limited.execute(ENSURE, ["2031-01-01"]).fetchone() == (2,)
    limited.execute(REFRESH, ["racing.mv_runner_base"])


def test_a_search_path_of_the_caller_leads_them_nowhere(
    limited: Connection, conn: Connection
) -> None:
    conn.execute("CREATE SCHEMA trap")
    conn.execute("GRANT USAGE ON SCHEMA trap TO plain")
    for signature, result in (
        ("to_char(date, text)", "text"),
        ("format(text, text, text, date, date)", "text"),
        ("date_trunc(text, timestamptz)", "timestamptz"),
        ("covers_month(regclass, date)", "boolean"),
    ):
        conn.execute(
            f"CREATE FUNCTION trap.{signature} RETURNS {result} LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{HIJACKED} %', current_user; END $$".encode()
        )
    conn.execute(
        "CREATE FUNCTION trap.never(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT 1 / 0 = 0'"
    )
    conn.execute("CREATE OPERATOR trap.<> (LEFTARG = name, RIGHTARG = name, FUNCTION = trap.never)")
    limited.execute("SET search_path = trap, pg_catalog")

    assert limited.execute(ENSURE, ["2031-01-01"]).fetchone() == (2,)
    limited.execute(REFRESH, ["racing.mv_runner_base"])


def test_months_of_anothers_tables_are_made_as_their_owner(empty_database: str) -> None:
    """A superuser migrates; what the owner wrote into an index is not run as the superuser."""
    legacy.build(empty_database)
    with schema.role(empty_database) as name:
        schema.give(empty_database, name)
        with closing(
            connection.connect(empty_database, application_name="giddyup-watch test")
        ) as superuser:
            migrate.apply(superuser, LOCK_ID)
            superuser.execute(ENSURE, ["2031-01-01"])
            assert _owner(superuser, "racing.races_2031_01") == name
            run_as = superuser.execute(
                "SELECT proowner::regrole::text FROM pg_proc"
                " WHERE oid = 'racing.ensure_month(date)'::regprocedure"
            ).fetchone()
            assert run_as == (name,)


def test_an_owner_who_may_not_create_still_owns_the_months(empty_database: str) -> None:
    legacy.build(empty_database)
    with schema.role(empty_database) as name:
        schema.give(empty_database, name)
        with closing(
            connection.connect(empty_database, application_name="giddyup-watch test")
        ) as superuser:
            superuser.execute("ALTER SCHEMA racing OWNER TO postgres")
            migrate.apply(superuser, LOCK_ID)
            superuser.execute(ENSURE, ["2031-01-01"])
            assert _owner(superuser, "racing.runners_2031_01") == name


def test_an_old_program_is_told_that_the_database_is_newer(conn: Connection) -> None:
    """Its call of refresh_view(regclass) still finds a function."""
    with pytest.raises(ConfigError, match="newer than this program"):
        migrate.pending(conn, migrate.available()[:-1])
    assert conn.execute(REFRESH, ["racing.mv_last_next"]).fetchone() is not None


def _owner(conn: Connection, relation: str) -> str:
    row = conn.execute(
        "SELECT relowner::regrole::text FROM pg_class WHERE oid = %s::regclass", [relation]
    ).fetchone()
    assert row is not None
    return str(row[0])
