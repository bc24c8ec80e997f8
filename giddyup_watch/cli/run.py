"""`run`: the daemon."""

import click

from giddyup_watch import logs, settings
from giddyup_watch.cli import database, options
from giddyup_watch.daemon import app


@click.command()
@options.with_source
def run(source: options.Source) -> int:
    """Follow the tree and keep the database equal to it, until SIGTERM or Ctrl-C.

    Waits for a tree or a database that is not there. SIGHUP re-reads the
    settings; a second signal leaves at once.
    """
    typed = database.typed_by_a_person()

    def load() -> settings.Settings:
        return database.decided(source.load(), may_create=typed)

    given = load()
    logs.configure(given.log.level, given.log.format, secrets=settings.secrets(given))
    return app.run(given, load)
