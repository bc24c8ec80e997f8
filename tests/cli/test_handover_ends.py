"""A run that was handed to the daemon, and what befalls daemon, database or client meanwhile."""

import json
import os
import signal
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from giddyup_watch.demo import tree
from giddyup_watch.store import connection, runs
from giddyup_watch.store.connection import Connection
from tests import warm
from tests.flow.daemon import Daemon
from tests.wait import wait_until

pytestmark = pytest.mark.long

WAITING = """
SELECT pid FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND application_name LIKE 'giddyup-watch active%'
"""
UNASKED = 'code="200",handler="/api/v1/admin/ingest/runs/{run_id}",method="GET"} 0.0'
RUNNING = "SELECT run_id FROM racing.etl_runs WHERE status = 'running'"


class Client:
    """`giddyup-watch ingest --month 2024-06 --force`, while it follows its run."""

    def __init__(self, out: IO[str], err: IO[str], *more: str) -> None:
        self._out, self._err = out, err
        args = ("ingest", "--month", "2024-06", "--force", *more)
        self.process = warm.PROCESS.start(*args, out=out.fileno(), err=err.fileno())

    def ended(self) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        code = self.process.wait(60)
        self._out.seek(0)
        self._err.seek(0)
        return code, self._out.read(), self._err.read()


class Middle:
    """A handed run that waits in its first segment for a lock which the test holds."""

    def __init__(self, daemon: Daemon, conn: Connection, stone: Connection, client: Client) -> None:
        self.daemon, self.conn, self.client = daemon, conn, client
        self._stone = stone
        wait_until(lambda: conn.execute(WAITING.encode()).fetchone(), 30)
        ((self.run_id,),) = conn.execute(RUNNING.encode()).fetchall()
        wait_until(self._is_followed, 30)

    def _is_followed(self) -> bool:
        """Whether the client has asked for its run, and so knows that it has begun."""
        with urllib.request.urlopen(f"{self.daemon.url}/metrics", timeout=30) as answer:
            return UNASKED not in answer.read().decode()

    def session(self) -> int:
        """The pid of the daemon's server process."""
        ((pid,),) = self.conn.execute(WAITING.encode()).fetchall()
        return int(pid)

    def go_on(self) -> None:
        self._stone.execute(b"ROLLBACK")

    def run(self) -> runs.Run:
        found = runs.find(self.conn, self.run_id)
        assert found is not None
        return found


@pytest.fixture
def daemon(
    environ: pytest.MonkeyPatch, tmp_path: Path, database: str, master: Path
) -> Iterator[Daemon]:
    environ.setenv("GIDDYUP_WATCH_DATABASE__URL", database)
    environ.setenv("GIDDYUP_WATCH_MASTER__PATH", str(master))
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        environ.setenv("RUNTIME_DIRECTORY", folder)
        chosen = {
            "database.lock_timeout_ms": 60_000,
            "derived.mode": "off",
            "gaps.interval_seconds": 3600,
            "gaps.verify_at": "",
        }
        with Daemon(tmp_path / "daemon", master, database, chosen) as made:
            made.wait_for("run_finished")
            yield made


@pytest.fixture
def middle(daemon: Daemon, conn: Connection, database: str) -> Iterator[Middle]:
    with in_the_middle(daemon, conn, database) as made:
        yield made


@contextmanager
def in_the_middle(daemon: Daemon, conn: Connection, database: str, *more: str) -> Iterator[Middle]:
    with (
        closing(connection.connect(database, application_name="stone")) as stone,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):
        stone.execute(b"BEGIN")
        stone.execute(b"LOCK TABLE racing.ledger_segments IN EXCLUSIVE MODE")
        yield Middle(daemon, conn, stone, Client(out, err, *more))


def test_a_client_that_leaves_says_that_the_run_goes_on(middle: Middle) -> None:
    os.kill(middle.client.process.pid, signal.SIGINT)
    code, out, err = middle.client.ended()
    assert (code, out) == (130, "")
    assert f"Run {middle.run_id} goes on in the daemon; giddyup-watch cancel stops it." in err
    middle.go_on()
    wait_until(lambda: middle.run().status == "success")


def test_a_client_that_is_killed_takes_nothing_with_it(middle: Middle) -> None:
    middle.client.process.kill()
    middle.go_on()
    wait_until(lambda: middle.run().status == "success")


def test_a_daemon_that_is_killed(middle: Middle) -> None:
    middle.daemon.kill()
    code, out, err = middle.client.ended()
    assert (code, out) == (75, "")
    assert f"run {middle.run_id} was lost sight of" in err
    assert "do it again" in err


def test_a_daemon_that_is_killed_and_started_again(middle: Middle) -> None:
    middle.daemon.kill()
    middle.go_on()
    with middle.daemon:
        code, _, err = middle.client.ended()
        assert code == 75
        assert "the run is failed: the ingester ended without closing this run" in err
        assert middle.run().status == "failed"


def test_a_daemon_that_is_stopped(middle: Middle) -> None:
    """It finishes the segment in hand; whether the client still hears it is a matter of time."""
    os.kill(middle.daemon.pid, signal.SIGTERM)
    middle.daemon.wait_for("daemon_stopping")
    middle.go_on()
    code, _, err = middle.client.ended()
    assert code in (65, 75)
    assert "the daemon was stopped, 3 segments before the end" in err
    assert middle.run().status == "canceled"


def test_a_session_that_is_ended(middle: Middle) -> None:
    middle.conn.execute("SELECT pg_terminate_backend(%s)", [middle.session()])
    middle.go_on()
    code, out, err = middle.client.ended()
    assert (code, out) == (69, "")
    assert f"run {middle.run_id} failed" in err


def test_a_run_that_is_canceled(middle: Middle) -> None:
    with tempfile.TemporaryFile("w+") as out:
        cancel = warm.PROCESS.start("cancel", out=out.fileno(), err=out.fileno())
        assert cancel.wait(30) == 0
        out.seek(0)
        assert out.read() == f"Run {middle.run_id} was asked to stop.\n"
    middle.go_on()
    code, out_text, _ = middle.client.ended()
    assert code == 65
    assert f"run {middle.run_id} canceled" in out_text


def documents(daemon: Daemon) -> Iterator[Any]:
    """What `ingest --json` says with the daemon, and then without it, run and time aside."""
    for stop in (False, True):
        if stop:
            daemon.stop()
        done = warm.PROCESS.run("ingest", "--month", "2024-06", "--force", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        document = json.loads(done.stdout)
        assert document.pop("run_id") > 0
        for one in document["segments"]:
            assert one.pop("seconds") >= 0
        yield document


def test_the_document_is_the_same_with_a_daemon_and_without(daemon: Daemon) -> None:
    handed, alone = documents(daemon)
    assert handed == alone
    assert daemon.events("admin_request")


@pytest.mark.parametrize("stop", [False, True], ids=["daemon", "alone"])
def test_a_line_for_each_segment(daemon: Daemon, stop: bool) -> None:
    if stop:
        daemon.stop()
    done = warm.PROCESS.run("backfill", "--from-month", "2024-06")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        f"{number} of 4: {key} unchanged"
        for number, key in enumerate(sorted(tree.segments(["2024-06"])), 1)
    ]
