"""`status`: for eyes and for programs, without taking a lock."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.demo import edits
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import connection, incidents, lock
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Sighting
from tests.cli.conftest import Cli
from tests.conftest import LOCK_ID


@pytest.fixture
def daemon(database: str) -> Iterator[Connection]:
    """A session that looks like an active daemon's at work."""
    with closing(
        connection.connect(database, application_name="giddyup-watch active inotify queue=3")
    ) as opened:
        assert lock.become_active(opened, LOCK_ID)
        with lock.held(opened, LOCK_ID):
            yield opened


def test_status_of_a_fresh_database(connected_cli: Cli) -> None:
    found = connected_cli("status", "--json").json()
    assert found == {
        "daemons": [],
        "queue": None,
        "due": 0,
        "lock_holder": None,
        "paused": False,
        "paused_until": None,
        "needs_backfill": False,
        "last_run": None,
        "segments": {},
        "derived": {"mode": "refresh", "noted_races": 0, "noted_since": None, "compared_at": None},
        "gaps": {"critical": 0, "warning": 0},
        "freshness": [],
    }
    text = connected_cli("status").out
    assert "last run  none yet" in text
    assert "gaps      none open" in text
    assert "views     refresh" in text


def test_how_views_are_kept_is_said(
    connected_cli: Cli, conn: Connection, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv("GIDDYUP_WATCH_DERIVED__MODE", "off")
    assert connected_cli("status", "--json").json()["derived"]["mode"] == "off"
    conn.execute("UPDATE racing.derived_upkeep SET tables = true")
    conn.execute("INSERT INTO racing.derived_dirty (race_id) VALUES (1), (2)")
    found = connected_cli("status", "--json").json()["derived"]
    assert (found["mode"], found["noted_races"]) == ("incremental", 2)
    assert "views     incremental, 2 changes not shown yet, since " in connected_cli("status").out


def test_status_counts_gaps_that_nobody_knows_of(connected_cli: Cli, database: str) -> None:
    seen = [
        Sighting("held_days", "held_days", str(number), severity, None, None, None, "held", {})
        for number, severity in enumerate(("critical", "warning", "warning", "info"))
    ]
    with closing(connection.connect(database, application_name="monitor")) as conn:
        *_, known, _ = incidents.record(conn, seen)
        incidents.acknowledge(conn, known.gap_id, "known")
    assert connected_cli("status", "--json").json()["gaps"] == {"critical": 1, "warning": 1}
    assert "gaps      1 critical, 1 warning" in connected_cli("status").out


def test_status_names_daemon_and_lock_holder(connected_cli: Cli, daemon: Connection) -> None:
    found = connected_cli("status", "--json").json()
    assert [(one["role"], one["watcher"]) for one in found["daemons"]] == [("active", "inotify")]
    assert found["queue"] == 3
    assert found["lock_holder"]["pid"] == daemon.info.backend_pid
    text = connected_cli("status").out
    assert "daemon    active, inotify, 3 in its queue" in text
    assert f"lock      giddyup-watch active inotify queue=3 (pid {daemon.info.backend_pid}" in text


def test_status_after_a_run(connected_cli: Cli, master: Path) -> None:
    newest = edits.read(master, SegmentKey("gb", "flat", "2024-06")).days[-1]
    connected_cli("backfill", "--master", master)
    connected_cli("pause")
    found = connected_cli("status", "--json").json()
    assert found["paused"]
    assert found["last_run"]["status"] == "success"
    assert found["last_run"]["scope"]["trigger"] == "cli"
    assert found["segments"] == {"loaded": 8}
    folders = [(one["region"], one["code"], one["newest_day"]) for one in found["freshness"]]
    assert ("gb", "flat", newest) in folders
    text = connected_cli("status").out
    assert "paused    until resume" in text
    assert "segments  8 loaded" in text
    assert text.splitlines()[-4].split()[:3] == ["gb", "flat", newest]
