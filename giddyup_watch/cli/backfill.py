"""`backfill`: everything on disk that is not loaded, newest month first."""

import click

from giddyup_watch import settings
from giddyup_watch.cli import database, options, output, preview, selection, turns
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

    On a database that others filled it compares everything, writes what
    differs, and takes the rows found in files over. A first Ctrl-C finishes
    the segment in hand; what is left is loaded by the next backfill, or by the
    daemon.
    """
    given = source.load()
    folders = selection.folders(given, regions, codes)
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


def _load(
    conn: Connection,
    given: settings.Settings,
    request: Request,
    keys: set[SegmentKey],
    *,
    as_json: bool,
) -> int:
    owed = ledger.needs_adoption(conn)
    with output.progress_bar(len(keys), "segments") as advance:
        ended = turns.lead(conn, given, request, keys, lambda one: advance(str(one.key)))
    if owed and ended.signum:
        ledger.owe_adoption(conn, due=True)  # the turn took the early end for the whole tree
    if as_json:
        output.document(turns.document(ended))
    else:
        turns.show(ended, (one for one in ended.outcomes if one.result not in _AS_WANTED))
    turns.refresh_views(conn, given, ended)
    if owed and ledger.needs_adoption(conn):
        click.echo("The database is not adopted yet: run backfill again.", err=True)
    return ended.exit_code
