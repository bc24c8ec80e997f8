"""How it has to end, whatever happened: equal, proven, nothing left open."""

import json
from contextlib import suppress

from giddyup_watch.source import layout, snapshot
from tests.faults import sessions
from tests.faults.conftest import Stage, command
from tests.flow import loading
from tests.flow.daemon import Daemon
from tests.server import ProgramError, Server
from tests.wait import wait_until

#: Seconds until what was written last is loaded, and until a killed server can be started.
QUIET_SECONDS, START_SECONDS = 180, 60


def assert_all_is_well(stage: Stage, *daemons: Daemon) -> int:
    """After the last write: how many segments `verify` found equal."""
    wait_until(lambda: _loaded(stage) == _on_disk(stage), QUIET_SECONDS, what="it does not settle")
    stage.assert_ends_equal()
    proven = command(daemons[0], "verify", "--json")
    assert proven.returncode == 0, proven.stdout + proven.stderr
    results = {one["segment"]: one["result"] for one in json.loads(proven.stdout)["segments"]}
    assert set(results.values()) == {"equal"}, results
    assert stage.count("racing.etl_runs", "status = 'running'") == 0
    assert [daemon.stop() for daemon in daemons] == [0] * len(daemons)
    sessions.wait_until_lock_is_free(stage.url)
    return len(results)


def start_again(server: Server) -> None:
    """After a kill: its orphans have to notice before another can have their memory."""

    def started() -> bool:
        with suppress(ProgramError):
            server.start()
            return True
        return False

    wait_until(started, START_SECONDS, what="the server does not start")


def _loaded(stage: Stage) -> dict[str, tuple[bytes, ...]]:
    with sessions.session(stage.url) as looking:
        rows = looking.execute(
            "SELECT concat_ws('/', region, code, to_char(month, 'YYYY-MM')),"
            " manifest_sha256, races_sha256, runners_sha256"
            " FROM racing.ledger_segments WHERE state = 'loaded'"
        ).fetchall()
    return {name: tuple(digests) for name, *digests in rows}


def _on_disk(stage: Stage) -> dict[str, tuple[bytes | None, ...]]:
    keys = layout.look(stage.master, loading.REGIONS, loading.CODES).segments
    prints = {key: snapshot.read(stage.master, key).fingerprint for key in keys}
    return {str(key): (one.manifest, one.races, one.runners) for key, one in prints.items()}
