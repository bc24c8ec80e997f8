"""`ingest`: one run now, over the days asked for."""

import datetime as dt
from contextlib import suppress
from typing import get_args

import click

from giddyup_watch.cli import daemon, database, options, output, selection
from giddyup_watch.cli.loading import handover, preview, turns
from giddyup_watch.ingest import asked
from giddyup_watch.ingest.run import Request
from giddyup_watch.model import Accept


@click.command()
@options.with_source
@options.with_folders
@click.option("--date", "dates", type=options.Day(), multiple=True, help="One day; repeatable.")
@click.option("--from", "first", type=options.Day(), help="First day of a range.")
@click.option("--to", "last", type=options.Day(), help="Last day of a range.")
@click.option("--month", type=options.Month(), help="A whole month.")
@click.option("--force", is_flag=True, help="Load again although nothing changed.")
@click.option(
    "--accept",
    type=click.Choice(get_args(Accept)),
    multiple=True,
    help="Lift this hold for the content now on disk; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@options.as_json
def ingest(
    source: options.Source,
    *,
    regions: tuple[str, ...],
    codes: tuple[str, ...],
    dates: tuple[str, ...],
    first: str | None,
    last: str | None,
    month: str | None,
    force: bool,
    accept: tuple[Accept, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Load some days or months now, of all regions and codes unless some are named.

    A living daemon does it between two segments of its own work; Ctrl-C leaves
    it to the daemon. Without one, a first Ctrl-C finishes the segment in hand.
    """
    given = source.load()
    folders = selection.folders(given, regions, codes)
    today = dt.datetime.now(given.master.zone).date()
    wanted = selection.days(dates, first, last, month, today)
    if not dry_run:
        body = {
            "regions": folders.regions,
            "codes": folders.codes,
            **_spelled(wanted),
            "force": force,
            "accept": accept,
        }
        with suppress(daemon.NoDaemonError):
            with output.progress("segments", quiet=as_json) as progress:
                ended = handover.lead(given, "ingest/run", body, progress)
            return _tell(ended, as_json=as_json)
    request = Request("cli", wanted, force=force, accept=frozenset(accept))
    with database.connected(given, "ingest", read_only=dry_run) as conn:
        database.require_migrated(conn)
        there = selection.segments(conn, given, folders, given_up="shrink" in accept)
        keys = asked.of_days(there, wanted)
        if dry_run:
            return preview.show(turns.session(conn, given), request, keys, as_json=as_json)
        selection.require_adopted(conn)
        with output.progress("segments", quiet=as_json) as progress:
            ended = turns.lead(conn, given, request, keys, progress)
        code = _tell(ended, as_json=as_json)
        turns.refresh_views(conn, given, ended)
    return code


def _tell(ended: turns.Ended, *, as_json: bool) -> int:
    """Say how it ended; the exit code. Days without racing are not on disk, and no mistake."""
    turns.tell(ended, as_json=as_json)
    if not ended.outcomes and not ended.signum:
        click.echo("Nothing of these days is on disk.", err=True)
    return ended.exit_code


def _spelled(days: frozenset[dt.date]) -> dict[str, object]:
    """Days as the API takes them: a range where there is no hole, else one by one."""
    first, last = min(days), max(days)
    if days == asked.span(first, last):
        return {"range": {"from": first.isoformat(), "to": last.isoformat()}}
    return {"dates": [day.isoformat() for day in sorted(days)]}
