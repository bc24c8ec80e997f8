"""What a database is made of, as pg_dump and the catalogs tell it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from giddyup_watch.store.connection import Connection
from tests import server
from tests.server import Server
from tests.wait import wait_until

_STATEMENT_END = re.compile(r";\n")


def dump(postgres: Server, url: str) -> str:
    """The whole schema as text; two dumps of one schema are the same."""
    # \restrict carries a random key.
    text = postgres.run("pg_dump", "--schema-only", f"--dbname={url}")
    return "\n".join(line for line in text.splitlines() if not _is_noise(line))


def statements(postgres: Server, url: str) -> set[str]:
    """The schema as a set of statements, to see what came and went."""
    return {part.strip() for part in _STATEMENT_END.split(f"{dump(postgres, url)}\n")}


def copy(postgres: Server, url: str, target_url: str) -> None:
    """Dump a database, data too, and restore it into an empty one, with no error allowed."""
    postgres.run("pg_dump", "--format=custom", "--file=copy.dump", f"--dbname={url}")
    postgres.run("pg_restore", "--exit-on-error", f"--dbname={target_url}", "copy.dump")


def tables(conn: Connection) -> set[str]:
    rows = conn.execute(
        "SELECT schemaname || '.' || tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    return {name for (name,) in rows}


@contextmanager
def role(url: str) -> Iterator[str]:
    """A role that may log in and nothing else; it ends owning nothing."""
    with psycopg.connect(server.as_owner(url), autocommit=True) as admin:
        admin.execute("CREATE ROLE plain LOGIN")
        try:
            yield "plain"
        finally:
            gone = "SELECT FROM pg_stat_activity WHERE usename = 'plain'"  # with temporary tables
            wait_until(lambda: admin.execute(gone).fetchone() is None)
            admin.execute("REASSIGN OWNED BY plain TO postgres")
            admin.execute("DROP OWNED BY plain")
            admin.execute("DROP ROLE plain")


def give(url: str, role: str) -> None:
    """Make `role` the owner of the database and of everything in its schema racing."""
    with psycopg.connect(server.as_owner(url), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {admin.info.dbname} OWNER TO {role}".encode())
        owned = admin.execute(
            "SELECT 'SCHEMA racing' WHERE to_regnamespace('racing') IS NOT NULL"
            " UNION ALL SELECT 'TABLE ' || oid::regclass FROM pg_class"
            " WHERE relnamespace = to_regnamespace('racing') AND relkind IN ('r', 'p', 'm')"
            " UNION ALL SELECT 'FUNCTION ' || oid::regprocedure FROM pg_proc"
            " WHERE pronamespace = to_regnamespace('racing')"
        )
        for (what,) in owned.fetchall():
            admin.execute(f"ALTER {what} OWNER TO {role}".encode())


def _is_noise(line: str) -> bool:
    return not line or line.startswith(("--", "\\restrict", "\\unrestrict"))
