"""COPY: the fast way in."""

from collections.abc import Iterable, Sequence

from psycopg import sql

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


def copy_rows(
    conn: Connection,
    table: tuple[str, str],
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> tuple[int, int]:
    """Copy rows into `schema, table`; return how many were sent and how many the server took."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(*table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    sent = 0
    with connection.translated(), conn.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
                sent += 1
        return sent, cursor.rowcount
