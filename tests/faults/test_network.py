"""What networks do between the daemon and its database: nothing is lost, nobody waits for ever."""

import ipaddress
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests import server
from tests.daemon.running import get
from tests.faults import proxy, sessions
from tests.faults.conftest import Stage
from tests.faults.proxy import Proxy
from tests.server import Server
from tests.wait import wait_until

#: Bytes: less than the rows of a segment, more than anything else that is sent.
IN_THE_ROWS = 20_000
#: How soon each end gives a silent one up, where the URL says it; without, it takes 30 s.
IMPATIENT = "&keepalives_idle=1&keepalives_interval=1&keepalives_count=2&tcp_user_timeout=3000"
SILENT_SECONDS = 60
PASSWORD = "of a server that lives for seconds"


def through(stage: Stage, way: Proxy, options: str = "") -> Stage:
    return replace(stage, url=way.url(stage.url) + options)


@pytest.fixture
def way(postgres: Server) -> Iterator[Proxy]:
    with proxy.in_front_of(postgres.socket) as made:
        yield made


@pytest.mark.failure(line=23)
def test_it_breaks_in_the_middle_of_the_rows(stage: Stage, way: Proxy) -> None:
    rows = "LOCK TABLE staging.runners IN EXCLUSIVE MODE"
    with sessions.in_the_way(stage.url, rows) as other, through(stage, way).daemon() as daemon:
        sessions.wait_until_blocked(stage.url, "copy_runners")
        way.cut_after(IN_THE_ROWS)
        other.rollback()
        daemon.wait_for("database_back")
        stage.assert_ends_equal()
        assert len(daemon.events("database_lost")) == len(daemon.events("database_back")) == 1
        assert get(f"{daemon.url}/healthz").status == 200


def test_it_holds_everything_up_for_a_while(stage: Stage, way: Proxy) -> None:
    """As a server that is being moved: every byte comes, but late."""
    with through(stage, way).daemon() as daemon:
        stage.assert_ends_equal()
        way.stall()
        stage.correct()
        daemon.wait_for("segment_changed")
        assert get(f"{daemon.url}/healthz").status == 200
        way.flow()
        stage.assert_ends_equal()
        assert not daemon.events("database_lost")


@pytest.mark.failure(line=23)
def test_nobody_is_let_in_for_a_while(stage: Stage, way: Proxy) -> None:
    with through(stage, way).daemon() as daemon:
        stage.assert_ends_equal()
        way.refuse()
        way.cut()
        (lost,) = daemon.wait_for("database_lost")
        stage.correct()
        wait_until(lambda: daemon.metric("queue_depth") == 1)
        assert daemon.metric("db_up") == 0
        way.accept()
        daemon.wait_for("database_back")
        stage.assert_ends_equal()
        assert len(daemon.events("database_lost")) == 1, lost


@pytest.fixture
def far(own_stage: Stage, own_postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The way to a server that is reached by TCP, at an address that no other test's has."""
    role = server.command(f"ALTER ROLE {{}} PASSWORD '{PASSWORD}'", server.DAEMON)
    with sessions.session(own_stage.url) as administrator:
        administrator.execute(role)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    own_postgres.stop()
    rules = own_postgres.folder / "pg_hba.conf"
    rules.write_text("local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n")
    address = str(ipaddress.ip_address("127.64.0.0") + os.getpid())
    own_postgres.start(listen_addresses=address)
    with proxy.in_front_of((address, server.PORT)) as made:
        yield made


@pytest.mark.root  # some kernels let nobody else attach a filter to a socket
@pytest.mark.failure(line=22)
@pytest.mark.parametrize(
    "options", [IMPATIENT, pytest.param("", id="30 s", marks=pytest.mark.slow)]
)
def test_every_packet_is_lost(own_stage: Stage, far: Proxy, options: str) -> None:
    """A machine without power says nothing: both ends find out, and the locks are free again."""
    stage = own_stage
    daemon = through(stage, far, options).daemon()
    with sessions.in_the_way(stage.url, sessions.LAST_LOCK) as other, daemon:
        sessions.wait_until_blocked(stage.url)
        far.drop()
        wait_until(lambda: daemon.events("database_lost"), SILENT_SECONDS, what="not noticed")
        sessions.wait_until_lock_is_free(stage.url, SILENT_SECONDS)
        assert stage.count("racing.races") == 0
        assert get(f"{daemon.url}/healthz").status == 200
        far.flow()
        other.rollback()
        daemon.wait_for("database_back")
        stage.assert_ends_equal()
