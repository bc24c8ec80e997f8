"""`backfill`: everything on disk, newest first, stopped and taken up again."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.demo import tree
from giddyup_watch.model import SegmentKey, newest_first
from giddyup_watch.store import connection, ledger, runs
from giddyup_watch.store.connection import Connection
from tests import warm
from tests.cli.conftest import WORLD, Cli
from tests.wait import wait_until


@pytest.fixture
def backfill(connected_cli: Cli, environ: pytest.MonkeyPatch, master: Path) -> Cli:
    environ.setenv("GIDDYUP_WATCH_MASTER__PATH", str(master))
    return lambda *args: connected_cli("backfill", *args)


def test_everything_newest_first_and_then_nothing(
    backfill: Cli, segments: list[SegmentKey]
) -> None:
    done = backfill("--json").json()
    expected = [str(key) for key in sorted(segments, key=newest_first)]
    assert [one["segment"] for one in done["segments"]] == expected
    again = backfill("--json").json()
    assert {one["result"] for one in again["segments"]} == {"unchanged"}
    assert again["stats"]["races_read"] == 0


def test_it_can_be_limited(backfill: Cli) -> None:
    done = backfill("--region", "ire", "--from-month", "2024-06", "--to-month", "2024-06", "--json")
    found = [one["segment"] for one in done.json()["segments"]]
    assert found == ["ire/flat/2024-06", "ire/jumps/2024-06"]


def test_for_eyes_only_what_is_not_simply_loaded_is_listed(backfill: Cli, master: Path) -> None:
    (master / "gb/flat/2024-06/manifest.json").write_text("{")
    done = backfill()
    assert done.code == 65
    assert [line.split()[:2] for line in done.out.splitlines()[1:-1]] == [
        ["gb/flat/2024-06", "waiting"]
    ]
    assert "segments 7 loaded, 1 waiting" in done.out.splitlines()[-1]


@pytest.fixture
def blocker(database: str) -> Iterator[Connection]:
    """A session that keeps the load of a segment waiting for as long as its transaction lasts."""
    with closing(connection.connect(database, application_name="blocker")) as opened:
        yield opened


@pytest.fixture
def interrupted(
    environ: pytest.MonkeyPatch,
    database: str,
    conn: Connection,
    blocker: Connection,
    tmp_path: Path,
) -> Callable[[signal.Signals], tuple[int, bytes]]:
    """A backfill of two months that gets a signal while it loads the first: code and stderr."""
    folder = tmp_path / "longer"
    tree.build(folder, WORLD, tree.segments(["2024-05", "2024-06"], ["gb"], ["flat"]))
    environ.setenv("GIDDYUP_WATCH_DATABASE__URL", database)
    environ.setenv("GIDDYUP_WATCH_DATABASE__LOCK_TIMEOUT_MS", "60000")

    def call(signum: signal.Signals) -> tuple[int, bytes]:
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE racing.ledger_segments IN EXCLUSIVE MODE")
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb") as said, Path(os.devnull).open("wb") as nothing:
            command = ("backfill", "--master", str(folder))
            child = warm.PROCESS.start(*command, out=nothing.fileno(), err=writer)
            os.close(writer)
            wait_until(lambda: _waits(conn), what="the load waits for the blocker")
            os.kill(child.pid, signum)
            assert b"Stopping after the segment in hand" in _line(said)
            blocker.execute("COMMIT")
            rest = said.read()
        return child.wait(30), rest

    return call


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_finishes_the_segment_in_hand(
    interrupted: Callable[[signal.Signals], tuple[int, bytes]],
    conn: Connection,
    signum: signal.Signals,
) -> None:
    assert interrupted(signum)[0] == 128 + signum
    loaded = conn.execute("SELECT month::text FROM racing.ledger_segments").fetchall()
    assert loaded == [("2024-06-01",)]
    run = runs.latest(conn)
    assert run is not None
    assert (run.status, run.scope["segments"]) == ("success", ["gb/flat/2024-06"])


def test_an_adoption_that_is_interrupted_is_still_owed(
    interrupted: Callable[[signal.Signals], tuple[int, bytes]], conn: Connection
) -> None:
    ledger.owe_adoption(conn, due=True)
    code, said = interrupted(signal.SIGINT)
    assert code == 130
    assert b"not adopted yet" in said
    assert ledger.needs_adoption(conn)


def _waits(conn: Connection) -> bool:
    found = conn.execute(
        "SELECT count(*) FROM pg_catalog.pg_stat_activity"
        " WHERE application_name = 'giddyup-watch backfill' AND wait_event_type = 'Lock'"
    ).fetchone()
    return found == (1,)


def _line(stream: object) -> bytes:
    """The first line that is not empty."""
    return next(line for line in stream if line.strip())  # type: ignore[attr-defined, no-any-return]
