"""`demo`: the five-minute tour."""

from pathlib import Path

import click

from giddyup_watch import logs, settings
from giddyup_watch.daemon import app
from giddyup_watch.demo import tour


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep tree and database here; by default they are thrown away at the end.",
)
def demo(directory: Path | None) -> int:
    """Follow a sample tree that a pretend scraper keeps changing.

    Everything is made up and of its own: the tree, an embedded PostgreSQL, the
    settings. Nothing that is set in the environment is used.
    """
    with tour.stage(directory, _tell) as stage:

        def load() -> settings.Settings:
            return settings.load(stage.config, environ={})

        given = load()
        logs.configure(given.log.level, given.log.format)
        click.echo(stage.guide)
        return app.run(given, load)


def _tell(text: str) -> None:
    click.echo(text)
