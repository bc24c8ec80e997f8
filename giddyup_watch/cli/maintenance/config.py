"""`config check` and `config show`."""

import json
import os

import click

from giddyup_watch import settings
from giddyup_watch.cli import options


@click.group()
def config() -> None:
    """Check or show the settings."""


@config.command()
@options.with_source
def check(source: options.Source) -> int:
    """Name every mistake in the settings, each with its file and key."""
    loaded = source.load()
    file = settings.find_file(source.path, os.environ)
    click.echo(f"The settings are fine ({file or 'no file, defaults and variables only'}).")
    if loaded.derived.mode == "incremental":
        click.echo(
            "derived.mode is incremental: until `giddyup-watch derived incremental` made tables"
            " of the known views, they are refreshed."
        )
    return 0


@config.command()
@options.with_source
@options.as_json
def show(source: options.Source, *, as_json: bool) -> int:
    """Show the settings in force, secrets masked."""
    loaded = source.load()
    text = json.dumps(settings.masked(loaded), indent=2) if as_json else settings.show(loaded)
    click.echo(text.rstrip("\n"))
    return 0
