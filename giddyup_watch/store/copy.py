"""COPY: the fast way in."""

import itertools
from collections.abc import Iterable, Sequence

from giddyup_watch.store import connection, queries
from giddyup_watch.store.connection import Connection

#: Rows that are sent at a time: of runners some 250 KB.
_PART = 500


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
    sent = 0
    lines = map("\t".join, rows)
    with connection.translated(), conn.cursor() as cursor:
        with cursor.copy(queries.get(name)) as copy:
            # The server reads one part while the next is put together.
            while part := list(itertools.islice(lines, _PART)):
                copy.write("\n".join([*part, ""]))
                sent += len(part)
        return sent, cursor.rowcount
