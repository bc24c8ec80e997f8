"""PostgreSQL fails over to its standby: the daemon follows, and loads what was lost on the way."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from giddyup_watch.demo import tree
from tests.conftest import in_memory, migrated
from tests.daemon.running import get
from tests.faults import sessions
from tests.faults.conftest import SEGMENTS, WORLD, Stage, command
from tests.server import PORT, REPLICATED, Server
from tests.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.failure(line=23)]

_CAUGHT_UP = """
SELECT 1 FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_flush_lsn()
"""


@dataclass(frozen=True)
class Pair:
    """A stage on a primary with a standby that follows it as PostgreSQL does by default: later."""

    stage: Stage
    primary: Server
    standby: Server

    def wait_until_copied(self) -> None:
        """Wait until the standby has what the primary has committed."""
        with self.primary.administrator() as admin:
            wait_until(lambda: admin.execute(_CAUGHT_UP).fetchone(), what="the standby lags")

    def only(self, member: Server) -> Stage:
        """The stage seen through the URL of one of them, in place of both."""
        return replace(self.stage, url=_url(self.stage.url, member))


def _url(url: str, *members: Server) -> str:
    """The same database and role on one of the servers: on the one that may be written to."""
    hosts = ",".join(quote(str(member.folder), safe="") for member in members)
    ports = ",".join([str(PORT)] * len(members))
    either = "&target_session_attrs=read-write" if len(members) > 1 else ""
    return re.sub(r"\?.*", f"?host={hosts}&port={ports}{either}", url)


@pytest.fixture
def pair(
    tmp_path: Path, master: Path, own_postgres: Server, second_database: str
) -> Iterator[Pair]:
    own_postgres.stop()
    own_postgres.start(**REPLICATED)
    url = migrated(own_postgres.url("postgres"))
    with tempfile.TemporaryDirectory(prefix="giddyup-", dir=in_memory()) as folder:
        standby = own_postgres.copy(Path(folder))
        standby.start(**REPLICATED)
        url = _url(url, own_postgres, standby)
        stage = Stage(tmp_path, master, url, second_database)
        try:
            yield Pair(stage, own_postgres, standby)
        finally:
            standby.stop("immediate")


def test_the_primary_dies_in_the_middle_of_a_load(pair: Pair) -> None:
    """The standby takes its place: the load is done again there, and what came meanwhile."""
    stage = pair.stage
    with (
        sessions.in_the_way(stage.url, sessions.LAST_LOCK),
        stage.daemon() as first,
        stage.daemon() as second,
    ):
        sessions.wait_until_blocked(stage.url)
        pair.primary.kill()
        first.wait_for("database_lost")
        second.wait_for("database_lost")
        stage.correct()
        pair.standby.promote()
        stage.assert_ends_equal()
        assert sorted((first.metric("active"), second.metric("active"))) == [0, 1]
        assert stage.count("racing.etl_runs", "status = 'running'") == 0


def test_the_new_primary_never_had_the_last_loads(pair: Pair) -> None:
    """Replication lagged: what the daemon knows to be loaded is not there any more."""
    stage = pair.stage
    stage.load()
    pair.wait_until_copied()
    with stage.daemon() as daemon:
        wait_until(lambda: daemon.metric("ingests_total") == SEGMENTS)
        pair.standby.stop()
        tree.build(stage.master, WORLD, tree.segments(["2024-04"]))
        stage.correct()
        stage.assert_ends_equal()
        pair.primary.kill()
        daemon.wait_for("database_lost")
        pair.standby.start(**REPLICATED)
        assert pair.only(pair.standby).count("racing.ledger_segments") == SEGMENTS
        pair.standby.promote()
        stage.assert_ends_equal()
        assert len(daemon.events("database_lost")) == len(daemon.events("database_back")) == 1


def test_the_url_leads_to_the_standby_alone(pair: Pair) -> None:
    """It says so once and loads nothing, until that one is promoted: then it goes on by itself."""
    pair.wait_until_copied()
    stage = pair.only(pair.standby)
    with stage.daemon() as daemon:
        (lost,) = daemon.wait_for("database_lost")
        assert lost["reason"].startswith("the server is a standby, read-only (host=")
        assert "target_session_attrs=read-write" in lost["hint"]
        ready = get(f"{daemon.url}/readyz")
        assert (ready.status, ready.document["checks"]["database"]["ok"]) == (503, False)
        asked = command(daemon, "doctor")
        assert "the server is a standby" in asked.stdout
        assert command(daemon, "status").returncode == 0  # who only reads may
        pair.standby.promote()
        stage.assert_ends_equal()
        assert len(daemon.events("database_lost")) == len(daemon.events("database_back")) == 1
