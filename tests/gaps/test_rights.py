"""The rights that doctor asks for are enough to ingest, to ask every check, to keep incidents."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.store import connection, server
from giddyup_watch.store.connection import Connection
from tests.gaps.yard import Yard
from tests.ingest.conftest import DAY, FLAT, race


@pytest.fixture
def modest(conn: Connection, database: str) -> Iterator[Connection]:
    """A role that owns nothing and was granted what it lacked, line by line."""
    conn.execute(b"CREATE ROLE modest LOGIN")
    conn.execute(b"SELECT racing.ensure_month('2024-06-01')")
    url = database.replace("//postgres@", "//modest@")
    try:
        conn.execute(b"GRANT USAGE ON SCHEMA racing, staging TO modest")
        with closing(connection.connect(url, application_name="modest")) as opened:
            for right in server.missing_rights(opened):
                conn.execute(f"GRANT {right} TO modest".encode())
            assert server.missing_rights(opened) == []
            yield opened
    finally:
        conn.execute(b"DROP OWNED BY modest")
        conn.execute(b"DROP ROLE modest")


def test_a_role_with_those_rights_ingests_and_settles_a_round(
    modest: Connection, tmp_path: Path
) -> None:
    yard = Yard(modest, tmp_path)
    yard.put(FLAT, race("one", ["a", "b"], course="Ascot"))
    assert yard.load(FLAT).result == "loaded"
    yard.put(FLAT, race("one", ["a", "c"]))
    assert yard.load(FLAT).result == "loaded"
    yard.strike("runners", where=f"day = '{DAY}'")
    made = yard.round()
    assert [one.error for one in made.answered if one.error] == []
    assert "count_mismatch" in {one.check_name for one in made.opened}
