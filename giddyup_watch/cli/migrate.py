"""`migrate`: forward only, under the lock."""

import click

from giddyup_watch.cli import database, options
from giddyup_watch.store import migrate as migrations

EXIT_DUE = 1


@click.command()
@options.with_source
@click.option("--check", is_flag=True, help="Only say what is due; exit 1 when something is.")
def migrate(source: options.Source, *, check: bool) -> int:
    """Bring the database to this version's tables; existing rows stay.

    Waits a minute for a running ingest, then gives up with 75.
    """
    settings = source.load()
    with database.connected(settings, "migrate") as conn:
        if check:
            due = migrations.pending(conn)
            _list("due", due)
            return EXIT_DUE if due else 0
        _list("applied", migrations.apply(conn, settings.database.lock_id))
    return 0


def _list(what: str, found: list[migrations.Migration]) -> None:
    for migration in found:
        click.echo(f"{what}: {migration}")
    if not found:
        click.echo("The database is up to date.")
