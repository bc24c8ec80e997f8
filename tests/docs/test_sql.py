"""Every statement that the documents show is carried out on a migrated database."""

import re
from contextlib import closing

import psycopg
import pytest

from giddyup_watch.store import connection, lock
from giddyup_watch.store.connection import Connection
from tests.conftest import LOCK_ID
from tests.docs import markdown
from tests.docs.markdown import Block

#: Stands for the session that has to go, wherever a statement names one.
PID = "4711"

BLOCKS = list(markdown.blocks("sql"))


def statements(block: Block) -> list[str]:
    text = re.sub(r"--.*", "", block.text)
    return [one.strip() for one in text.split(";") if one.strip()]


def own(statement: str, name: str) -> str:
    """Roles and databases are the server's, which other tests use too: by names of our own."""
    if statement.startswith(("CREATE ROLE", "CREATE DATABASE")):
        return re.sub(r"\bgiddyup(?=_watch\b|\b)", name, statement)
    return statement


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_statements_that_are_shown(conn: Connection, database: str, block: Block) -> None:
    shown = f"{conn.info.dbname}_shown"
    with closing(connection.connect(database, application_name="another loader")) as other:
        pid = str(other.info.backend_pid)
        for statement in statements(block):
            conn.execute(own(statement, shown).replace(PID, pid).encode())
    conn.execute(f"DROP DATABASE IF EXISTS {shown}".encode())
    conn.execute(f"DROP ROLE IF EXISTS {shown}, {shown}_watch".encode())


def test_a_session_that_forgot_the_lock_is_ended(conn: Connection, database: str) -> None:
    """As told for "Advisory lock not acquired": only the end of that session frees the lock."""
    (block,) = [one for one in BLOCKS if "pg_terminate_backend" in one.text]
    look, end = statements(block)
    with closing(psycopg.connect(database, application_name="pool")) as pool:
        pool.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
        pool.rollback()
        holder = lock.holder(conn, LOCK_ID)
        assert holder is not None
        assert conn.execute(b"SELECT pg_advisory_unlock(123456789)").fetchone() == (False,)
        told = conn.execute(look.replace(PID, str(holder.pid)).encode()).fetchone()
        assert told is not None
        assert (told[0], told[2]) == ("pool", "idle")
        conn.execute(end.replace(PID, str(holder.pid)).encode())
        with pytest.raises(psycopg.OperationalError):
            pool.execute("SELECT 1")
    with lock.held(conn, LOCK_ID):
        assert lock.holder(conn, LOCK_ID) is not None


def test_enough_statements_are_shown() -> None:
    assert len(BLOCKS) > 6
