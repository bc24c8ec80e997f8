"""Run the checks one after the other; a failed one never hides the next."""

from collections.abc import Callable, Iterator
from functools import partial

import click

from giddyup_watch import errors, settings
from giddyup_watch.cli import database as way
from giddyup_watch.cli import options
from giddyup_watch.cli.doctor import database, machine, service
from giddyup_watch.cli.doctor.check import Finding, State, fail, ok, warn
from giddyup_watch.store import embedded

EXIT_FAILED = 1

_COLOURS: dict[State, str] = {"OK": "green", "WARN": "yellow", "FAIL": "red"}


@click.command()
@options.with_source
def doctor(source: options.Source) -> int:
    """Check what a person would check by hand: one line each, and what to do."""
    try:
        given = source.load()
    except settings.SettingsError as exc:
        for problem in exc.problems:
            _print("settings", fail(str(problem), exc.hint))
        return exc.exit_code
    _print("settings", ok("understood"))
    failed = False
    for title, run in (*machine.check, *service.check):
        failed |= _examine(title, partial(run, given))
    return _database(given) or (EXIT_FAILED if failed else 0)


def _database(given: settings.Settings) -> int:
    """The checks that need the database; why it cannot be reached is one of them."""
    if given.database.url == settings.EMBEDDED and not embedded.exists(settings.state_dir()):
        _print("database", warn("no embedded server yet", "giddyup-watch run makes it."))
        return 0
    try:
        with way.connected(given, "doctor") as conn:
            _print("database", ok("reachable, and not through a pooler"))
            failed = False
            for title, run in database.check:
                failed |= _examine(title, partial(run, given, conn))
            return EXIT_FAILED if failed else 0
    except errors.GiddyupError as exc:
        _print("database", fail(exc.message, exc.hint))
        return exc.exit_code


def _examine(title: str, run: Callable[[], Finding]) -> bool:
    """Print what a check finds, and whether it failed."""
    try:
        finding = run()
    except errors.GiddyupError as exc:
        finding = fail(exc.message, exc.hint)
    _print(title, finding)
    return finding.state == "FAIL"


def _print(title: str, finding: Finding) -> None:
    for line in _lines(title, finding):
        click.echo(line)


def _lines(title: str, finding: Finding) -> Iterator[str]:
    state = click.style(f"{finding.state:<4}", fg=_COLOURS[finding.state])
    yield f"{state}  {title}: {finding.text}"
    if finding.advice and finding.state != "OK":
        yield f"      -> {finding.advice}"
