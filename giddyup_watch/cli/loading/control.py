"""`cancel`, `pause`, `resume`, `reload`: what operators ask of whoever ingests.

A living daemon is asked; without one it is left in the database. `reload` is for a daemon only.
"""

import datetime as dt
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from giddyup_watch import errors, settings
from giddyup_watch.cli import daemon, database, options
from giddyup_watch.store import control
from giddyup_watch.store.connection import Connection

#: Seconds that `reload --wait` gives a daemon to answer, and between two attempts.
WAIT_SECONDS, AGAIN_SECONDS = 60.0, 0.5


@click.command()
@options.with_source
def cancel(source: options.Source) -> int:
    """Stop the running ingest at its next safe point.

    The run becomes `canceled`; what it had not reached is parked until it
    changes, or until `resume`.
    """
    given = source.load()
    told = _asked(given, "ingest/cancel")
    if told is None:
        with _migrated(given, "cancel") as conn:
            run_id = control.cancel(conn)
    else:
        run_id = told["run_id"]
    click.echo("No run is going on." if run_id is None else f"Run {run_id} was asked to stop.")
    return 0


@click.command()
@options.with_source
@click.option("--for", "duration", type=options.Duration(), help="Resume by itself: 90s, 2h, 1d.")
def pause(source: options.Source, *, duration: dt.timedelta | None) -> int:
    """Go on watching and checking, but load nothing until `resume`."""
    given = source.load()
    until = dt.datetime.now(dt.UTC) + duration if duration else None
    seconds = int(duration.total_seconds()) if duration else None
    if _asked(given, "ingest/pause", {"seconds": seconds}) is None:
        with _migrated(given, "pause") as conn:
            control.pause(conn, until)
    click.echo(f"Paused until {until:%Y-%m-%d %H:%M:%S} UTC." if until else "Paused.")
    return 0


@click.command()
@options.with_source
def resume(source: options.Source) -> int:
    """Load again; segments that a cancel parked are read again too."""
    given = source.load()
    told = _asked(given, "ingest/resume")
    if told is None:
        with _migrated(given, "resume") as conn:
            parked = control.resume(conn)
    else:
        parked = told["parked"]
    click.echo("Resumed." + (f" {parked} parked segments are due again." if parked else ""))
    return 0


def _asked(
    given: settings.Settings, path: str, body: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """What the daemon answers; None when there is none, or it is stuck: the database knows all."""
    try:
        return daemon.of(given).post(path, body)
    except (daemon.NoDaemonError, daemon.SilentError):
        return None


@contextmanager
def _migrated(given: settings.Settings, purpose: str) -> Iterator[Connection]:
    with database.connected(given, purpose) as conn:
        database.require_migrated(conn)
        yield conn


@click.command()
@click.option("--wait", is_flag=True, help="Wait up to a minute for a daemon that is starting.")
def reload(*, wait: bool) -> int:
    """Have the daemon read its settings again, and say what that changed.

    Ends when the daemon has done so. A file with mistakes changes nothing.
    """
    until = time.monotonic() + (WAIT_SECONDS if wait else 0.0)
    while True:
        try:
            done = daemon.Daemon().post("reload")
            break
        except (daemon.NoDaemonError, errors.TransientError) as error:
            if time.monotonic() >= until:
                raise errors.TransientError(
                    "no daemon answers on its socket to this user",
                    hint="run it as root or as the daemon's user; SIGHUP does the same",
                ) from error
        time.sleep(AGAIN_SECONDS)
    for key in done["applied"]:
        click.echo(f"{key} took effect.")
    for key in done["restart_needed"]:
        click.echo(f"{key} needs a restart.")
    if not done["applied"] and not done["restart_needed"]:
        click.echo("Nothing has changed.")
    return 0
