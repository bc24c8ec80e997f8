"""`--dry-run`: what would be written, with a sample of the cells that would change."""

from collections.abc import Iterable

import click

from giddyup_watch.cli import output
from giddyup_watch.cli.loading import outcomes
from giddyup_watch.ingest import dryrun
from giddyup_watch.ingest.compare import Change
from giddyup_watch.ingest.examine import Request
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import Effects, SegmentKey, newest_first

#: Changed cells in the table; the JSON document has all of the sample.
SHOWN = 40


def show(session: Session, request: Request, keys: Iterable[SegmentKey], *, as_json: bool) -> int:
    """Compare disk and database, print the difference, and return the exit code of the real run."""
    previews = list(dryrun.preview(session, request, sorted(keys, key=newest_first)))
    made = [preview.outcome for preview in previews]
    effects = Effects()
    for outcome in made:
        effects.add(outcome.effects)
    if as_json:
        segments = [
            outcomes.document(one.outcome) | {"changes": [cell._asdict() for cell in one.changes]}
            for one in previews
        ]
        output.document({"dry_run": True, "stats": effects.stats(), "segments": segments})
    else:
        outcomes.table(outcome for outcome in made if outcome.result != "unchanged")
        _changes([change for one in previews for change in one.changes])
        click.echo(f"dry run, nothing written: {outcomes.totals(made, effects)}")
    return outcomes.exit_code(made)


def _changes(changes: list[Change]) -> None:
    if not changes:
        return
    click.echo()
    output.table(
        ("table", "key", "column", "in the database", "in the file"),
        [(one.table, one.key, one.column, one.stored, one.wanted) for one in changes[:SHOWN]],
    )
    if len(changes) > SHOWN:
        click.echo("… more, see --json")
    click.echo()
