"""`backfill`: everything on disk that is not loaded, newest month first."""

from contextlib import suppress

import click

from giddyup_watch import settings
from giddyup_watch.cli import daemon, database, options, output, selection
from giddyup_watch.cli.loading import handover, preview, turns
from giddyup_watch.ingest.run import Request
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import ledger
from giddyup_watch.store.connection import Connection

#: Results that a backfill is about; the others are listed one by one.
_AS_WANTED = ("loaded", "unchanged")


@click.command()
@options.with_source
@options.with_folders
@click.option("--from-month", type=options.Month(), default="0001-01", help="Not before this one.")
@click.option("--to-month", type=options.Month(), default="9998-12", help="Not after this one.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@options.as_json
def backfill(
    source: options.Source,
    *,
    regions: tuple[str, ...],
    codes: tuple[str, ...],
    from_month: str,
    to_month: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Load everything on disk that is not loaded, newest month first.

    A living daemon does it; Ctrl-C leaves it to the daemon. Without one, a first
    Ctrl-C finishes the segment in hand; what is left is loaded by the next
    backfill, or by the daemon. On a database that others filled it compares everything, writes what
    differs, and takes the rows found in files over.
    """
    given = source.load()
    folders = selection.folders(given, regions, codes)
    if from_month > to_month:
        raise click.UsageError(f"--from-month {from_month} is after --to-month {to_month}")
    if not dry_run:
        with suppress(daemon.NoDaemonError):
            return _hand_over(given, folders, from_month, to_month, as_json=as_json)
    with database.connected(given, "backfill", read_only=dry_run) as conn:
        database.require_migrated(conn)
        there = selection.segments(conn, given, selection.folders(given, (), ()))
        keys = {key for key in there if folders.holds(key) and from_month <= key.month <= to_month}
        request = Request("cli", adopts=keys == there)
        if dry_run:
            return preview.show(turns.session(conn, given), request, keys, as_json=as_json)
        if not request.adopts:
            selection.require_adopted(conn)
        return _load(conn, given, request, keys, as_json=as_json)


def _hand_over(
    given: settings.Settings,
    folders: selection.Folders,
    from_month: str,
    to_month: str,
    *,
    as_json: bool,
) -> int:
    body = {
        "regions": folders.regions,
        "codes": folders.codes,
        "from_month": from_month,
        "to_month": to_month,
    }
    with output.progress("segments", quiet=as_json) as progress:
        ended = handover.lead(given, "ingest/backfill", body, progress)
    turns.tell(ended, as_json=as_json, but=_AS_WANTED)
    return ended.exit_code


def _load(
    conn: Connection,
    given: settings.Settings,
    request: Request,
    keys: set[SegmentKey],
    *,
    as_json: bool,
) -> int:
    owed = ledger.needs_adoption(conn)
    with output.progress("segments", quiet=as_json) as progress:
        ended = turns.lead(conn, given, request, keys, progress)
    if owed and ended.signum:
        ledger.owe_adoption(conn, due=True)  # the turn took the early end for the whole tree
    turns.tell(ended, as_json=as_json, but=_AS_WANTED)
    turns.refresh_views(conn, given, ended)
    if owed and ledger.needs_adoption(conn):
        click.echo("The database is not adopted yet: run backfill again.", err=True)
    return ended.exit_code
