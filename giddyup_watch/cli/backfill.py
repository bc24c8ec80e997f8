"""`backfill`: everything on disk that is not loaded, newest month first."""

import click

from giddyup_watch.cli import database, options, output, preview, selection, turns
from giddyup_watch.ingest.run import Request


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
    request = Request("cli")
    with database.connected(given, "backfill", read_only=dry_run) as conn:
        database.require_migrated(conn)
        there = selection.segments(conn, given, selection.folders(given, (), ()))
        keys = {key for key in there if folders.holds(key) and from_month <= key.month <= to_month}
        if dry_run:
            return preview.show(turns.session(conn, given), request, keys, as_json=as_json)
        if keys != there:
            selection.require_adopted(conn)
        with output.progress_bar(len(keys), "segments") as advance:
            ended = turns.lead(conn, given, request, keys, lambda one: advance(str(one.key)))
        if as_json:
            output.document(turns.document(ended))
        else:
            plain = ("loaded", "unchanged")
            turns.show(ended, (one for one in ended.outcomes if one.result not in plain))
        turns.refresh_views(conn, given, ended)
    return ended.exit_code
