"""`derived`: make tables that are kept up of the known views, and back."""

import time

import click

from giddyup_watch import settings
from giddyup_watch.cli import database, options
from giddyup_watch.derived import changeover, upkeep
from giddyup_watch.store import upkeep as kept
from giddyup_watch.store.connection import Connection


@click.group()
def derived() -> None:
    """How the known views are kept: tables brought up by each ingest, or views refreshed after it.

    The known views: mv_runner_base, mv_last_next, mv_draw_bias_flat.
    """


@derived.command()
@options.with_source
def incremental(source: options.Source) -> int:
    """Make tables of the known views: readers go on, REFRESH by others ends."""
    return _change(source.load(), as_tables=True)


@derived.command()
@options.with_source
def refresh(source: options.Source) -> int:
    """Make materialized views of the tables again, as they were defined before."""
    return _change(source.load(), as_tables=False)


@derived.command()
@options.with_source
def compare(source: options.Source) -> int:
    """Compare the tables with their definitions and mend what differs; exit 1 when any does."""
    given = source.load()
    with database.connected(given, "derived") as conn:
        database.require_migrated(conn)
        drift = upkeep.compare(conn, given.database.lock_id)
        if drift is None:
            click.echo("There is nothing to compare: the known views are materialized.")
            return 0
        _work_off(conn, given)
    click.echo(f"Differed: races {drift.races}, horses {drift.horses}, groups {drift.draws}.")
    return 1 if drift else 0


def _change(given: settings.Settings, *, as_tables: bool) -> int:
    began = time.monotonic()
    with database.connected(given, "derived") as conn:
        database.require_migrated(conn)
        changed = changeover.run(
            conn,
            given.database.lock_id,
            as_tables=as_tables,
            say=lambda text: click.echo(f"{time.monotonic() - began:6.1f} s  {text}", err=True),
        )
        _work_off(conn, given)
    kind = "tables" if as_tables else "materialized views"
    click.echo(f"The known views are {kind}{'' if changed else ' already'}.")
    mode = "incremental" if as_tables else "refresh"
    if given.derived.mode != mode:
        click.echo(f'Set derived.mode = "{mode}" now; a daemon takes it over with `reload`.')
    return 0


def _work_off(conn: Connection, given: settings.Settings) -> None:
    worked = upkeep.work_off(conn, given.database.lock_id)
    left = kept.fetch(conn).races
    if worked.error or left:
        click.echo(f"Changes still noted: {left}. {worked.error}".rstrip(), err=True)
