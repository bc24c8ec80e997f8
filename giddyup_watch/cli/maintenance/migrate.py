"""`migrate`: forward only, under the lock; and the rights of a daemon's role."""

from collections.abc import Iterable

import click

from giddyup_watch.cli import database, options
from giddyup_watch.store import migrate as migrations
from giddyup_watch.store import roles
from giddyup_watch.store.connection import Connection

EXIT_DUE = 1


@click.command()
@options.with_source
@click.option("--check", is_flag=True, help="Only say what is due; exit 1 when something is.")
@click.option(
    "--role", metavar="NAME", help="Give this role what a daemon needs, no more; made if missing."
)
def migrate(source: options.Source, *, check: bool, role: str | None) -> int:
    """Bring the database to this version's tables; existing rows stay.

    Waits a minute for a running ingest, then gives up with 75. Roles that were
    given the rights of a daemon before are given what has been added since.
    """
    settings = source.load()
    with database.connected(settings, "migrate") as conn:
        if check:
            found = [*migrations.pending(conn), *_rights_due(conn, role)]
            _list("due", found)
            return EXIT_DUE if found else 0
        applied = migrations.apply(conn, settings.database.lock_id)
        granted = roles.keep_up(conn)
        if role is not None:
            granted += roles.bring_up(conn, role)
        _list("applied", [*applied, *granted])
    return 0


def _rights_due(conn: Connection, role: str | None) -> list[str]:
    rights = roles.overdue(conn)
    return rights if role is None else list(dict.fromkeys(rights + roles.due(conn, role)))


def _list(what: str, found: Iterable[object]) -> None:
    """One a line, as one could give it to psql."""
    lines = [f"{what}: {one}" for one in found] or ["The database is up to date."]
    click.echo("\n".join(lines))
