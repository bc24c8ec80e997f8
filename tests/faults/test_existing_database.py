"""A database that others made and filled: left alone, and said so, until a person has decided.

The daemon stays up all the time and goes to work by itself.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from giddyup_watch.model import SegmentKey
from tests import legacy
from tests.daemon.running import get
from tests.faults import sessions
from tests.faults.conftest import SEGMENTS, Stage, command
from tests.flow.daemon import Daemon
from tests.wait import wait_until

JUMPS = SegmentKey("gb", "jumps", "2024-05")
VARIANT = legacy.VARIANTS["with extras"]
#: Tables of other programs, which no load of ours may touch.
OTHERS = ("data_updates", "horse_alias", "live_prices", "stage_races", "stage_runners")
STRANGERS = "race_id IN (SELECT race_id FROM racing.races WHERE race_key LIKE '%ascot%')"


def test_nothing_is_loaded_before_it_is_migrated_and_adopted(
    tmp_path: Path, master: Path, empty_database: str, second_database: str
) -> None:
    stage = Stage(tmp_path, master, empty_database, second_database)
    legacy.build(stage.url, VARIANT)
    legacy.fill(stage.url, VARIANT)
    legacy.load_tree(stage.url, master)
    stage.correct()
    strangers, others, everything = _strangers(stage), _others(stage), legacy.contents(stage.url)
    assert strangers

    with stage.daemon() as daemon:
        _wait_until_named(daemon, "migrations", "0001_giddyup", "giddyup-watch migrate")
        assert command(daemon, "migrate").returncode == 0

        _wait_until_named(daemon, "adoption", "has rows", "giddyup-watch backfill")
        assert json.loads(command(daemon, "status", "--json").stdout)["needs_backfill"]
        assert "backfill  needed" in command(daemon, "status").stdout
        preview = json.loads(command(daemon, "backfill", "--dry-run", "--json").stdout)
        assert preview["stats"]["runners_updated"] >= 2
        assert "win_lose" in {c["column"] for one in preview["segments"] for c in one["changes"]}
        assert {name: legacy.contents(stage.url)[name] for name in everything} == everything

        assert command(daemon, "backfill").returncode == 0
        wait_until(lambda: get(f"{daemon.url}/readyz").status == 200)
        assert not daemon.events("run_started")
        stage.correct(JUMPS)
        (change,) = daemon.wait_for("segment_ingested")
        assert change["runners_updated"] == 2
        # It may have come before the manifest did, whose counts are the same.
        written = hashlib.sha256((master / str(JUMPS) / "manifest.json").read_bytes()).hexdigest()
        known = f"manifest_sha256 = decode('{written}', 'hex')"
        wait_until(lambda: stage.count("racing.ledger_segments", known) == 1)

    assert stage.count("racing.ledger_segments", "state = 'loaded'") == SEGMENTS
    assert _others(stage) == others
    assert _strangers(stage) == strangers
    _remove_strangers(stage)
    stage.assert_ends_equal()


def _wait_until_named(daemon: Daemon, condition: str, problem: str, command: str) -> None:
    """Wait until /readyz and the log say what is missing and what to type."""

    def named() -> bool:
        ready = get(f"{daemon.url}/readyz")
        assert ready.status == 503
        return problem in ready.document["checks"][condition]["problem"]

    wait_until(named)
    said = daemon.wait_for("database_not_ready")[-1]
    assert problem in said["reason"]
    assert command in said["hint"]
    assert get(f"{daemon.url}/healthz").status == 200


def _strangers(stage: Stage) -> list[tuple[Any, ...]]:
    """Rows that no file has."""
    with sessions.session(stage.url) as other:
        return other.execute(
            "SELECT races.*, runners.* FROM racing.runners JOIN racing.races"
            " USING (race_id, race_date) WHERE race_key LIKE '%ascot%' ORDER BY runner_id"
        ).fetchall()


def _others(stage: Stage) -> dict[str, tuple[int, str]]:
    found = legacy.contents(stage.url)
    return {name: found[name] for name in OTHERS}


def _remove_strangers(stage: Stage) -> None:
    """What is left is ours, to be compared with a clean load."""
    with sessions.session(stage.url) as other:
        other.execute(f"DELETE FROM racing.runners WHERE {STRANGERS}".encode())
        other.execute("DELETE FROM racing.races WHERE race_key LIKE '%ascot%'")
        other.execute(
            "DELETE FROM racing.ingested_days WHERE d NOT IN (SELECT d FROM racing.ledger_days)"
        )
