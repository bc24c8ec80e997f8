"""The embedded database, used by several processes, some of which are killed."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.errors import DatabaseUnavailableError
from giddyup_watch.store import cluster, embedded
from tests.store.conftest import Process, server_pid, wait_for_end
from tests.wait import wait_until

pytestmark = pytest.mark.long

NewProcess = Callable[[], Process]


def test_the_last_one_out_stops_it(made: Path, process: NewProcess) -> None:
    first, second = process(), process()
    url = first.url()
    assert second.url() == url
    pid = server_pid(made)

    first.leave()
    _works(url)
    assert server_pid(made) == pid

    second.leave()
    assert not cluster.alive(cluster.at(made / embedded.FOLDER))


def test_many_at_once_start_one(state_dir: Path, process: NewProcess) -> None:
    """The first makes it, the others wait until it is there."""
    processes = [process() for _ in range(4)]

    urls = {each.url() for each in processes}
    assert len(urls) == 1
    for each in processes[1:]:
        each.leave()
    _works(urls.pop())


def test_a_killed_user_leaves_it_to_the_next(made: Path, process: NewProcess) -> None:
    killed = process()
    _write(killed.url())
    pid = server_pid(made)
    killed.kill()

    adopter = process()
    assert _read(adopter.url()) == 1
    assert server_pid(made) == pid
    adopter.leave()
    wait_for_end(made)


def test_a_killed_user_takes_it_from_nobody(made: Path, process: NewProcess) -> None:
    killed, other = process(), process()
    url = killed.url()
    assert other.url() == url

    killed.kill()
    _works(url)
    other.leave()
    wait_for_end(made)


def test_what_was_committed_survives_a_killed_server(made: Path, process: NewProcess) -> None:
    user = process()
    _write(user.url())
    user.kill()
    os.kill(server_pid(made), signal.SIGKILL)

    with embedded.server(made) as url:
        assert _read(url) == 1


def test_a_server_killed_under_its_users_is_started_by_the_next(
    made: Path, process: NewProcess
) -> None:
    first = process()
    _write(first.url())
    os.kill(server_pid(made), signal.SIGKILL)

    with embedded.server(made) as url:
        assert _read(url) == 1
        first.leave()
        _works(url)
    wait_for_end(made)


def test_a_user_killed_while_it_makes_the_database_leaves_no_half_one(
    state_dir: Path, process: NewProcess
) -> None:
    half = state_dir / f"{embedded.FOLDER}.new" / "base"
    first = process()
    wait_until(half.exists, what="initdb is at work")
    first.kill()

    with embedded.server(state_dir) as url:
        _works(url)


@pytest.fixture
def crashed(made: Path, process: NewProcess, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory whose server has much to recover, and tells how it gets on."""
    monkeypatch.setitem(cluster.SETTINGS, "log_startup_progress_interval", "1ms")
    user = process()
    with psycopg.connect(user.url(), autocommit=True) as conn:
        conn.execute("CREATE TABLE work AS SELECT n FROM generate_series(1, 300000) AS n")
        conn.execute("UPDATE work SET n = n + 1")
        os.kill(server_pid(made), signal.SIGKILL)
    user.kill()
    return made


def test_recovery_is_waited_for_while_it_goes_on(crashed: Path) -> None:
    told: list[str] = []

    with embedded.server(crashed, progress=told.append) as url, psycopg.connect(url) as conn:
        assert conn.execute("SELECT max(n) FROM work").fetchone() == (300001,)
    assert any("recovering" in line for line in told)


def test_a_start_that_is_interrupted_leaves_no_server(crashed: Path) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), embedded.server(crashed, progress=interrupt):
        pass

    assert not cluster.alive(cluster.at(crashed / embedded.FOLDER))


def test_a_server_that_makes_no_progress_is_given_up(
    made: Path, process: NewProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "STALL_SECONDS", 0.5)
    user = process()
    user.url()
    pid = server_pid(made)
    os.kill(pid, signal.SIGSTOP)
    try:
        with (
            pytest.raises(DatabaseUnavailableError, match="no progress"),
            embedded.server(made),
        ):
            pass
    finally:
        os.kill(pid, signal.SIGCONT)


def _works(url: str) -> None:
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def _write(url: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 1 AS n")


def _read(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT n FROM kept").fetchone()
        assert row is not None
        return int(row[0])
