"""A run handed to the living daemon, and followed to its end."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click

from giddyup_watch import errors, settings
from giddyup_watch.cli import daemon, database, output
from giddyup_watch.cli.loading.turns import Ended
from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.model import Counts, Effects, SegmentKey
from giddyup_watch.store import runs

#: Seconds between two looks at a run.
LOOK_SECONDS = 0.25
#: Seconds without an answer after which a daemon is given up, while it leads a run.
LOST_SECONDS = 10.0


def lead(
    given: settings.Settings,
    path: str,
    body: Mapping[str, Any],
    progress: output.Progress,
) -> Ended:
    """Have the daemon of these settings begin a run, and tell its end as if it had been led here.

    A Ctrl-C leaves the run to the daemon; so does the end of this process.

    Raises NoDaemonError when nobody was there to begin it, and NotServingError
    when the daemon went away in its middle.
    """
    run_id = 0
    try:
        asked = daemon.of(given)
        run_id = asked.post(path, body)["run_id"]
        return _ended(_follow(asked, run_id, progress, given))
    except KeyboardInterrupt:
        click.echo(f"\n{_left(run_id)}", err=True)
        raise


def _left(run_id: int) -> str:
    if not run_id:
        return "The daemon may begin the run all the same: giddyup-watch status tells."
    return f"Run {run_id} goes on in the daemon; giddyup-watch cancel stops it."


def _follow(
    asked: daemon.Daemon, run_id: int, progress: output.Progress, given: settings.Settings
) -> dict[str, Any]:
    """The run at its end."""
    seen = 0
    heard = time.monotonic()
    while True:
        run = None
        with suppress(daemon.NoDaemonError, errors.TransientError):
            run = asked.get(f"ingest/runs/{run_id}")
            heard = time.monotonic()
        if time.monotonic() - heard > LOST_SECONDS or (run and run["progress"] is None):
            raise _lost(given, run_id)
        if run is not None:
            done = run["progress"]
            for one in done["segments"][seen:]:
                seen += 1
                progress(seen, done["segments_total"], f"{one['segment']} {one['result']}")
            if done["ended"] and run["status"] != "running":
                return run
        time.sleep(LOOK_SECONDS)


def _lost(given: settings.Settings, run_id: int) -> errors.NotServingError:
    """What is said when nobody answers any more; of the run what the database knows."""
    told = f"run {run_id} was lost sight of: its daemon, or the database, has gone"
    with (
        suppress(errors.GiddyupError),
        database.connected(given, "status", read_only=True) as conn,
    ):
        run = runs.find(conn, run_id)
        if run is not None:
            told += f"; the run is {run.status}" + (f": {run.error_msg}" if run.error_msg else "")
    return errors.NotServingError(
        f"{told}; the segments that it had loaded stay",
        kind="lost",
        hint="do it again, with a daemon or without: what is loaded already is passed over",
    )


def _ended(run: Mapping[str, Any]) -> Ended:
    made = [_outcome(one) for one in (run["progress"] or {"segments": ()})["segments"]]
    troubled = tuple(one.key for one in made if one.effects.errors)
    if run["status"] == "failed" and not troubled:
        raise errors.TransientError(
            f"run {run['run_id']} failed: {run['error_msg']}",
            hint="the segments that it had loaded stay: do it again",
        )
    if run["error_msg"] and run["status"] != "success":
        click.echo(f"run {run['run_id']}: {run['error_msg']}", err=True)
    result = TurnResult(
        run["run_id"], run["status"], _effects(run["stats"] or {}), len(made), troubled
    )
    return Ended(result, made, 0)


def _outcome(told: Mapping[str, Any]) -> Outcome:
    return Outcome(
        SegmentKey.parse(told["segment"]),
        told["result"],
        told["reason"],
        Effects(Counts(**told["races"]), Counts(**told["runners"])),
        tuple(told["days"]),
        seconds=told["seconds"],
        trace="in the daemon's log" if told["bug"] else "",
    )


def _effects(stats: Mapping[str, int]) -> Effects:
    """The effects that these stats are the document of."""
    races, runners = (
        Counts(**{name: stats.get(f"{table}_{name}", 0) for name in Counts.__slots__})
        for table in ("races", "runners")
    )
    names = ("cells_cleaned", "days", "segments", "bytes", "errors")
    return Effects(races, runners, **{name: stats.get(name, 0) for name in names})
