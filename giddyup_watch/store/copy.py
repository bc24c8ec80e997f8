"""COPY: the fast way in."""

from collections.abc import Iterable, Sequence

from giddyup_watch.store import connection, queries
from giddyup_watch.store.connection import Connection


def copy_rows(conn: Connection, name: str, rows: Iterable[Sequence[object]]) -> tuple[int, int]:
    """Feed rows to the COPY in `name`.sql; return how many were sent and how many were taken."""
    sent = 0
    with connection.translated(), conn.cursor() as cursor:
        with cursor.copy(queries.get(name)) as copy:
            for row in rows:
                copy.write_row(row)
                sent += 1
        return sent, cursor.rowcount


def copy_texts(conn: Connection, name: str, rows: Iterable[Sequence[str]]) -> tuple[int, int]:
    """Feed rows of cells that are in COPY's text format already; counts as above."""
    lines = list(map("\t".join, rows))
    with connection.translated(), conn.cursor() as cursor:
        with cursor.copy(queries.get(name)) as copy:
            copy.write("\n".join([*lines, ""]))
        return len(lines), cursor.rowcount
