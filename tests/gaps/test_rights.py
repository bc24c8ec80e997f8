"""The rights of a daemon's role are enough to ingest, to ask every check, to keep incidents."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.store import connection, roles
from giddyup_watch.store.connection import Connection
from tests import schema, server
from tests.gaps.yard import Yard
from tests.ingest.conftest import DAY, FLAT, race


@pytest.fixture
def modest(owner: Connection, database: str) -> Iterator[Connection]:
    """A role that owns nothing and was given what a daemon needs."""
    with schema.role(database) as name:
        roles.bring_up(owner, name)
        url = server.as_role(database, name)
        with closing(connection.connect(url, application_name=name)) as opened:
            yield opened


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
