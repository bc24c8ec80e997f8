"""`cancel`, `pause`, `resume`: what operators ask of whoever ingests, kept in the database."""

import datetime as dt

import click

from giddyup_watch.cli import database, options
from giddyup_watch.store import control


@click.command()
@options.with_source
def cancel(source: options.Source) -> int:
    """Stop the running ingest at its next safe point.

    The run becomes `canceled`; what it had not reached is parked until it
    changes, or until `resume`.
    """
    with database.connected(source.load(), "cancel") as conn:
        database.require_migrated(conn)
        run_id = control.cancel(conn)
    click.echo("No run is going on." if run_id is None else f"Run {run_id} was asked to stop.")
    return 0


@click.command()
@options.with_source
@click.option("--for", "duration", type=options.Duration(), help="Resume by itself: 90s, 2h, 1d.")
def pause(source: options.Source, *, duration: dt.timedelta | None) -> int:
    """Go on watching and checking, but load nothing until `resume`."""
    until = dt.datetime.now(dt.UTC) + duration if duration else None
    with database.connected(source.load(), "pause") as conn:
        database.require_migrated(conn)
        control.pause(conn, until)
    click.echo(f"Paused until {until:%Y-%m-%d %H:%M:%S} UTC." if until else "Paused.")
    return 0


@click.command()
@options.with_source
def resume(source: options.Source) -> int:
    """Load again; segments that a cancel parked are read again too."""
    with database.connected(source.load(), "resume") as conn:
        database.require_migrated(conn)
        parked = control.resume(conn)
    click.echo("Resumed." + (f" {parked} parked segments are due again." if parked else ""))
    return 0
