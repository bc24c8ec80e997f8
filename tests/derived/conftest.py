from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.store import connection, upkeep
from giddyup_watch.store.connection import Connection
from tests import server
from tests.ingest.conftest import Bench


@pytest.fixture
def connect(database: str) -> Iterator[Callable[[], Connection]]:
    """Makes connections to the test's database for others, who may do everything there."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(
            closing(
                connection.connect(server.as_owner(database), application_name="another session")
            )
        )


@pytest.fixture
def bench(conn: Connection, tmp_path: Path) -> Bench:
    """A tree of files and runs between it and the database by hand."""
    master = tmp_path / "master"
    master.mkdir()
    return Bench(conn, master)


@pytest.fixture
def definitions(owner: Connection) -> dict[str, str]:
    """What each of the known views is to show, apart from it: names of plain views."""
    made: dict[str, str] = {}
    for name in upkeep.KNOWN:
        text = owner.execute("SELECT pg_get_viewdef(%s::regclass)", (f"racing.{name}",)).fetchall()
        made[name] = f"public.def_{name}"
        body = text[0][0].replace(
            "racing.mv_runner_base", "public.def_mv_runner_base AS mv_runner_base"
        )
        owner.execute(f"CREATE VIEW {made[name]} AS {body}".encode())
    return made


def differing(conn: Connection, definitions: dict[str, str]) -> dict[str, list[Any]]:
    """Rows that one of the known views shows and its definition does not, or the other way."""
    found = {}
    for name, definition in definitions.items():
        rows = conn.execute(
            f"(SELECT 'shown' AS had, * FROM (TABLE racing.{name} EXCEPT ALL TABLE {definition}) s)"
            " UNION ALL (SELECT 'lacks', *"
            f" FROM (TABLE {definition} EXCEPT ALL TABLE racing.{name}) l) LIMIT 5".encode()
        ).fetchall()
        if rows:
            found[name] = rows
    return found
