"""A run handed to the living daemon, and followed to its end."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import click

from giddyup_watch.cli.daemon import Daemon
from giddyup_watch.cli.turns import Ended
from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.model import Counts, Effects, SegmentKey

#: Seconds between two looks at a run.
LOOK_SECONDS = 0.25

Progress = Callable[[int, int, str], None]


def follow(
    daemon: Daemon, path: str, body: Mapping[str, Any], progress: Progress = lambda *_: None
) -> Ended:
    """Have a run begun, wait for its end, and tell it as if it had been led here.

    `progress` is told how many segments are done, of how many, and the last. A
    Ctrl-C leaves the run to the daemon.
    """
    run_id: int = daemon.post(path, body)["run_id"]
    try:
        while True:
            run = daemon.get(f"ingest/runs/{run_id}")
            done = run["progress"]
            if done is not None:
                last = done["segments"][-1]["segment"] if done["segments"] else ""
                progress(done["segments_done"], done["segments_total"], last)
            if run["status"] != "running" and (done is None or done["ended"]):
                return _ended(run)
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        click.echo(
            f"\nRun {run_id} goes on in the daemon; giddyup-watch cancel stops it.", err=True
        )
        raise


def _ended(run: Mapping[str, Any]) -> Ended:
    made = [_outcome(one) for one in (run["progress"] or {"segments": ()})["segments"]]
    troubled = tuple(one.key for one in made if one.effects.errors)
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
