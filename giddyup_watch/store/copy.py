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


def copy_lines(conn: Connection, name: str, lines: Sequence[str]) -> tuple[int, int]:
    """Feed lines, as the COPY in `name`.sql reads them, each without its end; counts as above."""
    with connection.translated(), conn.cursor() as cursor:
        with cursor.copy(queries.get(name)) as copy:
            copy.write("".join(f"{line}\n" for line in lines))
        return len(lines), cursor.rowcount
