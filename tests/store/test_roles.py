"""The role of a daemon: it owns nothing, has what the statements of the program need, no more."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from giddyup_watch.errors import ConfigError, PermissionDeniedError
from giddyup_watch.store import connection, migrate, queries, roles
from giddyup_watch.store.connection import Connection
from tests import legacy, schema, server
from tests.conftest import LOCK_ID
from tests.server import Server
from tests.test_architecture import QUERIES

#: Statements of `migrate`, of the embedded server, and of those who own a view.
OF_OWNERS = {
    "create_bookkeeping",
    "create_embedded_database",
    "insert_applied",
    "refresh_view",
    "refresh_view_concurrently",
}
_PARAMETER = re.compile(rb"%\((\w+)\)s")

#: Somebody has taken away all that a database gives to everybody by default.
HARDENED = """
DO $$
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM public', current_database());
  REVOKE ALL ON SCHEMA public FROM public;
  REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA racing FROM public;
END
$$
"""
GRANTED = """
SELECT kind, name, had.privilege_type
FROM (
  SELECT 'DATABASE', quote_ident(datname), datacl FROM pg_database
  WHERE datname = current_database()
  UNION ALL SELECT 'SCHEMA', nspname, nspacl FROM pg_namespace
  UNION ALL
  SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass::text, relacl
  FROM pg_class
  UNION ALL SELECT 'FUNCTION', oid::regprocedure::text, proacl FROM pg_proc
) AS objects (kind, name, acl)
CROSS JOIN LATERAL aclexplode(acl) AS had
WHERE had.grantee = 'plain'::regrole
"""


@pytest.fixture
def name(database: str) -> Iterator[str]:
    with schema.role(database) as made:
        yield made


@pytest.fixture
def limited(database: str, conn: Connection, name: str) -> Iterator[Connection]:
    """A session of a role with the rights of a daemon."""
    roles.bring_up(conn, name)
    with _session(database, name) as opened:
        yield opened


def test_the_role_is_made_and_may_log_in_and_nothing_else(conn: Connection, database: str) -> None:
    try:
        done = roles.bring_up(conn, "a new One")
        assert done[0] == 'CREATE ROLE "a new One" LOGIN'
        with _session(database, "a%20new%20One") as opened:
            assert roles.missing(opened) == []
        attributes = conn.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin"
            " FROM pg_roles WHERE rolname = 'a new One'"
        ).fetchall()
        assert attributes == [(False, False, False, False, False, True)]
        owned = conn.execute(
            "SELECT FROM pg_shdepend WHERE refobjid = '\"a new One\"'::regrole AND deptype = 'o'"
        ).fetchall()
        assert owned == []
    finally:
        conn.execute('DROP OWNED BY "a new One"')
        conn.execute('DROP ROLE "a new One"')


def test_every_statement_of_the_program_is_allowed(limited: Connection) -> None:
    refused = {query for query in set(QUERIES) - OF_OWNERS if not _is_allowed(limited, query)}
    assert refused == set()


def test_every_right_is_needed_by_some_statement(
    conn: Connection, database: str, name: str
) -> None:
    """Taken away one by one. The sequences have a test of their own: they are not planned for."""
    conn.execute(HARDENED)
    roles.bring_up(conn, name)
    granted = conn.execute(GRANTED).fetchall()
    assert len(granted) == len(roles._RIGHTS) - 1 + _sequences(granted)
    superfluous = []
    with _session(database, name) as session:
        for kind, thing, right in granted:
            if kind in ("DATABASE", "SEQUENCE"):
                continue
            conn.execute(f"REVOKE {right} ON {kind} {thing} FROM {name}".encode())
            mentioned = thing.split("(")[0].encode()
            concerned = [
                query
                for query in set(QUERIES) - OF_OWNERS
                if re.search(rb"\b" + re.escape(mentioned) + rb"\b", queries.get(query))
            ]
            if all(_is_allowed(session, query) for query in concerned):
                superfluous.append((right, thing))
            conn.execute(f"GRANT {right} ON {kind} {thing} TO {name}".encode())
    assert superfluous == []


def test_without_connect_nobody_gets_in(conn: Connection, database: str, name: str) -> None:
    conn.execute(HARDENED)
    with pytest.raises(PermissionDeniedError):
        connection.connect(server.as_role(database, name), application_name="refused")
    roles.bring_up(conn, name)
    with _session(database, name) as session:
        assert roles.missing(session) == []


def test_a_second_time_nothing_is_due(conn: Connection, name: str) -> None:
    assert roles.bring_up(conn, name)
    assert roles.due(conn, name) == []
    assert roles.bring_up(conn, name) == []


def test_rights_beyond_the_need_are_taken_back(conn: Connection, name: str) -> None:
    roles.bring_up(conn, name)
    conn.execute("GRANT UPDATE (course_name), TRUNCATE ON racing.courses TO plain")
    conn.execute("GRANT CREATE ON SCHEMA racing TO plain")

    assert roles.bring_up(conn, name) == [
        "REVOKE CREATE ON SCHEMA racing FROM plain",
        "REVOKE TRUNCATE ON TABLE racing.courses FROM plain",
    ]


def test_rights_on_what_is_not_ours_are_left_alone(conn: Connection, name: str) -> None:
    conn.execute("CREATE TABLE racing.live_prices (price float8)")
    conn.execute("GRANT ALL ON racing.live_prices TO plain")
    roles.bring_up(conn, name)
    kept = conn.execute("SELECT has_table_privilege('plain', 'racing.live_prices', 'DELETE')")
    assert kept.fetchone() == (True,)


def test_what_the_role_lacks_is_told_to_itself(limited: Connection, conn: Connection) -> None:
    conn.execute("REVOKE DELETE, UPDATE ON racing.runners FROM plain")
    conn.execute("REVOKE USAGE ON SEQUENCE racing.horses_horse_id_seq FROM plain")
    assert roles.missing(limited) == [
        "DELETE, UPDATE ON TABLE racing.runners",
        "USAGE ON SEQUENCE racing.horses_horse_id_seq",
    ]
    conn.execute("REVOKE USAGE ON SCHEMA racing FROM plain")
    assert roles.missing(limited)[0] == "USAGE ON SCHEMA racing"


def test_roles_of_before_are_given_what_came_since(conn: Connection, name: str) -> None:
    roles.bring_up(conn, name)
    conn.execute("REVOKE ALL ON FUNCTION racing.refresh_view(regclass, boolean) FROM plain")
    conn.execute("REVOKE ALL ON racing.verified_segments FROM plain")
    conn.execute("GRANT TRUNCATE ON racing.races TO plain")

    grants = [
        "GRANT INSERT, SELECT, UPDATE ON TABLE racing.verified_segments TO plain",
        "GRANT EXECUTE ON FUNCTION racing.refresh_view(regclass,boolean) TO plain",
    ]
    assert roles.overdue(conn) == grants
    assert roles.keep_up(conn) == grants
    assert roles.overdue(conn) == []


def test_a_superuser_cannot_be_limited(conn: Connection) -> None:
    with pytest.raises(ConfigError, match="postgres is a superuser"):
        roles.bring_up(conn, "postgres")


def test_the_owner_cannot_be_limited(conn: Connection, database: str, name: str) -> None:
    conn.execute("ALTER TABLE racing.races OWNER TO plain")
    with pytest.raises(ConfigError, match="plain may do all that the tables' owner may"):
        roles.due(conn, name)


def test_one_who_may_not_grant_is_told_so(limited: Connection) -> None:
    with pytest.raises(PermissionDeniedError, match="permission denied to create role"):
        roles.bring_up(limited, "another")


def test_grants_of_a_third_party_are_named(conn: Connection, name: str) -> None:
    """REVOKE takes back what one has granted oneself."""
    conn.execute("GRANT USAGE ON SCHEMA racing TO pg_monitor")
    conn.execute("GRANT TRUNCATE ON racing.courses TO pg_monitor WITH GRANT OPTION")
    conn.execute("SET ROLE pg_monitor")
    conn.execute("GRANT TRUNCATE ON racing.courses TO plain")
    conn.execute("RESET ROLE")
    with pytest.raises(PermissionDeniedError, match=r"REVOKE TRUNCATE ON TABLE racing\.courses"):
        roles.bring_up(conn, name)
    conn.execute("REVOKE TRUNCATE ON racing.courses FROM pg_monitor CASCADE")


@pytest.mark.parametrize("variant", legacy.VARIANTS)
def test_an_existing_database_has_what_the_role_needs(
    variant: str, empty_database: str, postgres: Server
) -> None:
    """Whoever owns its tables, and wherever its functions are."""
    legacy.build(empty_database, legacy.VARIANTS[variant])
    legacy.fill(empty_database, legacy.VARIANTS[variant])
    with (
        schema.role(empty_database) as name,
        _session(empty_database, "postgres") as owner,
    ):
        migrate.apply(owner, LOCK_ID)
        roles.bring_up(owner, name)
        with _session(empty_database, name) as session:
            refused = [
                query for query in set(QUERIES) - OF_OWNERS if not _is_allowed(session, query)
            ]
            assert refused == []


def test_a_sequence_without_an_owner_is_found(conn: Connection, name: str) -> None:
    conn.execute("CREATE SEQUENCE racing.by_hand")
    conn.execute(
        "ALTER TABLE racing.horses ALTER COLUMN horse_id SET DEFAULT nextval('racing.by_hand')"
    )
    assert "GRANT USAGE ON SEQUENCE racing.by_hand TO plain" in roles.due(conn, name)


@contextmanager
def _session(url: str, name: str) -> Iterator[Connection]:
    with closing(
        connection.connect(server.as_role(url, name), application_name="giddyup-watch test")
    ) as opened:
        yield opened


def _is_allowed(conn: Connection, name: str) -> bool:
    """Whether the session may run the statement: planning starts with its rights."""
    text = queries.get(name)
    body = b"\n".join(line for line in text.splitlines() if not line.startswith(b"--"))
    try:
        with conn.transaction(force_rollback=True):
            if body.startswith(b"COPY"):
                if b"staging.month_" in body:  # tables that are there for one transaction
                    conn.execute(queries.get("begin_month"))
                with conn.cursor() as cursor, cursor.copy(text):
                    pass
            elif body.startswith((b"TRUNCATE", b"LISTEN")):
                conn.execute(text)
            else:
                nothing = dict.fromkeys(found.decode() for found in _PARAMETER.findall(text))
                conn.execute(b"EXPLAIN " + text, nothing or None)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _sequences(granted: list[tuple[str, str, str]]) -> int:
    return sum(kind == "SEQUENCE" for kind, _, _ in granted)
