"""The disk of the database is full: segments wait and are tried again, the daemon stays up."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from giddyup_watch.store import connection
from tests.daemon.running import get
from tests.faults import sessions
from tests.faults.conftest import Stage
from tests.server import Server, command

pytestmark = [pytest.mark.root, pytest.mark.failure(line=23)]  # mounts a small file system


@pytest.fixture
def disk(tmp_path: Path, own_postgres: Server) -> Iterator[Path]:
    """A folder of the server's on a file system of 8 MiB."""
    small = own_postgres.folder / "small"
    small.mkdir()
    user = own_postgres.user
    owner = f"size=8m,mode=700,uid={user.pw_uid},gid={user.pw_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", owner, "none", str(small)], check=True)
    try:
        yield small
    finally:
        own_postgres.stop("immediate")
        subprocess.run(["umount", str(small)], check=True)


def test_what_did_not_fit_is_loaded_when_there_is_room(disk: Path, own_stage: Stage) -> None:
    stage = own_stage
    name = connection.parse_url(stage.url)["dbname"]
    with sessions.session(stage.url) as administrator:
        administrator.execute(f"CREATE TABLESPACE small LOCATION '{disk}'".encode())
        administrator.execute(command("ALTER DATABASE {} SET default_tablespace = small", name))
    filler = disk / "filler"
    room = os.statvfs(disk)
    filler.write_bytes(bytes(room.f_bavail * room.f_bsize))
    with stage.daemon() as daemon:
        failed = daemon.wait_for("segment_failed", 2)
        assert "No space left on device" in failed[0]["reason"]
        assert get(f"{daemon.url}/healthz").status == 200
        assert stage.count("racing.races") == 0
        filler.unlink()
        stage.assert_ends_equal()
        assert not daemon.events("database_lost")
