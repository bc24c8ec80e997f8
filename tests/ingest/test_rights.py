"""Under a role that owns nothing: a load needs the key of every table that takes rows."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.errors import PermissionDeniedError
from giddyup_watch.store import connection, roles
from giddyup_watch.store.connection import Connection
from tests import schema, server
from tests.ingest.conftest import FLAT, Bench, race

SEQUENCES = {
    "bloodlines_blood_id_seq",
    "courses_course_id_seq",
    "etl_runs_run_id_seq",
    "horses_horse_id_seq",
    "jockeys_jockey_id_seq",
    "owners_owner_id_seq",
    "races_race_id_seq",
    "runners_runner_id_seq",
    "trainers_trainer_id_seq",
}


@pytest.fixture
def limited(owner: Connection, database: str, tmp_path: Path) -> Iterator[Bench]:
    """A bench whose connection is that of a role with the rights of a daemon."""
    with schema.role(database) as name:
        roles.bring_up(owner, name)
        url = server.as_role(database, name)
        with closing(connection.connect(url, application_name="giddyup-watch test")) as opened:
            yield Bench(opened, tmp_path)


def test_each_sequence_is_needed_and_no_other(limited: Bench, owner: Connection) -> None:
    granted = owner.execute(
        "SELECT relname FROM pg_class, aclexplode(relacl) AS had"
        " WHERE relkind = 'S' AND grantee = 'plain'::regrole AND privilege_type = 'USAGE'"
    )
    assert {name for (name,) in granted} == SEQUENCES
    full = race("one", ["a"])
    full.runners[0] |= {"trainer": "T", "jockey": "J", "owner": "O", "sire": "S", "dam": "D"}
    limited.put(FLAT, full)
    for name in sorted(SEQUENCES):
        owner.execute(f"REVOKE USAGE ON SEQUENCE racing.{name} FROM plain".encode())
        with pytest.raises(PermissionDeniedError, match=f"sequence {name}"):
            limited.load(FLAT)
        owner.execute(f"GRANT USAGE ON SEQUENCE racing.{name} TO plain".encode())

    assert limited.load(FLAT).result == "loaded"
