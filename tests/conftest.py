"""Fixtures of the whole suite: one server for each worker, a database for each test."""

import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import hypothesis
import pytest

from giddyup_watch.store import connection, migrate, roles
from giddyup_watch.store.connection import Connection
from tests import server, warm
from tests.server import Server
from tests.wait import wait_until

#: Wild input takes the time it takes on a busy machine, and leaves nothing behind. CI's `make slow`
#: tries three times as much of it as the default suite, one by hand ten times.
hypothesis.settings.register_profile("suite", deadline=None, database=None, max_examples=30)
hypothesis.settings.register_profile("ci", deadline=None, database=None, max_examples=100)
hypothesis.settings.register_profile("slow", deadline=None, database=None, max_examples=300)
hypothesis.settings.load_profile("suite")

# A shell ignores SIGINT for what it starts in the background, and so would all our children.
signal.signal(signal.SIGINT, signal.default_int_handler)

TEMPLATE = "giddyup_template"
LOCK_ID = 123456789
#: The fixtures that start the server of GIDDYUP_TEST_POSTGRES.
SERVERS = {"postgres", "own_postgres"}
#: Whole programs that are killed, cut off and starved: every test of this folder takes its seconds.
FAULTS = Path(__file__).parent / "faults"
AHEAD = """
SELECT racing.ensure_month((now() + make_interval(months => n))::date)
FROM generate_series(1, 2) AS n
"""
#: Room for the servers of a few workers, each with a generated year in it.
ENOUGH_BYTES = 4 * 2**30


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what can end differently on another PostgreSQL: for the rest one is enough."""
    for item in items:
        if item.path.is_relative_to(FAULTS):
            item.add_marker(pytest.mark.long)
        if isinstance(item, pytest.Function) and SERVERS & set(item.fixturenames):
            item.add_marker(pytest.mark.server)


def pytest_collection_finish() -> None:
    """What is there now stays: to look through it again and again took a twentieth of the run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own() -> Iterator[None]:
    """No daemon of a test puts its socket where a person's daemon has one."""
    with (
        tempfile.TemporaryDirectory(prefix="gw-state-") as folder,
        pytest.MonkeyPatch.context() as it,
    ):
        it.setenv("STATE_DIRECTORY", folder)
        it.delenv("RUNTIME_DIRECTORY", raising=False)
        yield


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    wait_until(
        lambda: set(threading.enumerate()) <= before,
        timeout=5,
        what=f"a thread outlives its test: {set(threading.enumerate()) - before}",
    )


@pytest.fixture(scope="session", autouse=True)
def _no_warm_process_is_left() -> Iterator[None]:
    yield
    warm.PROCESS.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The server that this worker's tests share: stop it, and you spoil theirs."""
    with _running() as running:
        yield running


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A server of this test's own, to stop, start and crash."""
    with _running() as running:
        yield running


@pytest.fixture
def database(postgres: Server, template: str) -> Iterator[str]:
    """URL of a fresh database with every migration applied."""
    with postgres.database(template) as url:
        yield url


@pytest.fixture
def second_database(postgres: Server, template: str) -> Iterator[str]:
    """Another one like `database`, to compare it with."""
    with postgres.database(template) as url:
        yield url


@pytest.fixture
def empty_database(postgres: Server) -> Iterator[str]:
    """URL of a fresh database with nothing in it."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def second_empty_database(postgres: Server) -> Iterator[str]:
    """URL of a second database with nothing in it: to restore into, to compare with."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def conn(database: str) -> Iterator[Connection]:
    """A connection of the program's own kind to `database`."""
    with closing(connection.connect(database, application_name="giddyup-watch test")) as opened:
        yield opened


@pytest.fixture
def owner(database: str) -> Iterator[Connection]:
    """A connection to `database` that may do everything there: for what `conn` may not."""
    url = server.as_owner(database)
    with closing(connection.connect(url, application_name="owner of the tables")) as opened:
        yield opened


@pytest.fixture(scope="session")
def template(postgres: Server) -> str:
    """Name of a migrated database to make others from, with the partitions of months to come.

    Every first run would make those; the test that wants to see it drops them before.
    """
    with postgres.administrator() as admin:
        admin.execute(server.command("CREATE DATABASE {}", TEMPLATE))
    url = postgres.url(TEMPLATE)
    migrated(url)
    with closing(connection.connect(url, application_name="template")) as opened:
        opened.execute(AHEAD)
    return TEMPLATE


def migrated(url: str) -> str:
    """Have every migration applied by the owner; the URL for the one who then works there."""
    with closing(connection.connect(url, application_name="migrate")) as opened:
        migrate.apply(opened, LOCK_ID)
        if server.DAEMON != server.ROLE:
            roles.bring_up(opened, server.DAEMON)
    return server.as_role(url, server.DAEMON)


def in_memory() -> str | None:
    """Where a server's files are quickest: a database is made in 30 ms there, in 300 on a disk."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ENOUGH_BYTES:
        return str(memory)
    return None


@contextmanager
def _running() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="giddyup-", dir=in_memory()) as folder:
        made = server.make(Path(folder))
        made.start()
        try:
            yield made
        finally:
            with suppress(server.ProgramError):  # its test may have stopped it
                made.stop("immediate")
