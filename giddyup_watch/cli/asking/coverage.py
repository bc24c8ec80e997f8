"""`coverage`: a year of days for each region and code, a character and a colour each."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import click

from giddyup_watch import errors, settings, terminal
from giddyup_watch.cli import database, options, output, selection
from giddyup_watch.daemon import terms
from giddyup_watch.explain import coverage as counting
from giddyup_watch.explain.cells import State
from giddyup_watch.explain.coverage import Calendar, Coverage
from giddyup_watch.gaps.check import Ask
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Inventory

#: What stands for a day, and its colour where there are any.
MARKS: Mapping[State, tuple[str, str | None]] = {
    "loaded": ("+", "green"),
    "no_racing": (".", None),
    "partly": ("P", "yellow"),
    "missing": ("M", "red"),
    "rejected": ("R", "yellow"),
    "held": ("H", "magenta"),
    "pending": ("~", "cyan"),
    "none": (" ", None),
}
#: States whose days are told one by one, with the reason.
_TOLD: tuple[State, ...] = ("missing", "held", "partly", "rejected", "pending")
#: Lines of days told; the JSON document has all.
SHOWN = 20

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: Over the days 1 to 31.
_RULER = "1   5    10   15   20   25   30"
#: Two calendars stand side by side in 80 columns.
_GAP = " " * 6


@click.command()
@options.with_source
@options.with_folders
@click.option("--year", type=click.IntRange(1, 9998), help="This year unless given.")
@options.as_json
def coverage(
    source: options.Source,
    *,
    regions: tuple[str, ...],
    codes: tuple[str, ...],
    year: int | None,
    as_json: bool,
) -> int:
    """Draw a year of days: what is loaded, and what is not and why.

    A race is of the code that its type belongs to, whatever folder it lies in.
    """
    given, now = source.load(), dt.datetime.now(dt.UTC)
    wanted = selection.folders(given, regions, codes)
    asked = year or now.astimezone(given.master.zone).year
    disk = _disk(given, asked)
    with database.connected(given, "coverage", read_only=True) as conn:
        database.require_migrated(conn)
        ask = Ask(conn, terms.of(given), now, days=(), disk=disk)
        found = counting.only(counting.read(ask, asked), wanted.regions, wanted.codes)
    if as_json:
        output.document(counting.document(found))
    else:
        _show(found)
    return 0


def _disk(given: settings.Settings, year: int) -> Inventory | None:
    """What the tree holds of the year; None, which is said, without a tree."""
    master, inventory = given.master, Inventory()
    try:
        look = layout.look(master.tree, master.regions, master.codes)
        inventory.update(master.tree, counting.within(look, year))
    except errors.TreeMissingError as error:
        click.echo(f"Not compared with the disk: {error.message}", err=True)
        return None
    return inventory


def _show(found: Coverage) -> None:
    for first in range(0, len(found.calendars), 2):
        for line in _drawn(found.calendars[first : first + 2], found.year):
            click.echo(line.rstrip())
        click.echo()
    shown = [state for state in MARKS if state != "none"]
    click.echo("   ".join(f"{_mark(state)} {_name(state)}" for state in shown))
    click.echo()
    totals = ((one, one.totals) for one in found.calendars)
    output.table(
        ("", *map(_name, shown)),
        [
            (f"{one.region}/{one.code}", *(counts[state] for state in shown))
            for one, counts in totals
        ],
    )
    _tell(found)


def _drawn(calendars: Sequence[Calendar], year: int) -> Iterator[str]:
    """Draw calendars beside each other: a line for each month, a character for each day."""
    titles = (f"{one.region}/{one.code} {year}".ljust(len(_RULER) + 4) for one in calendars)
    yield _GAP.join(titles)
    yield _GAP.join(f"    {_RULER}" for _ in calendars)
    for number, name in enumerate(_MONTHS, 1):
        yield _GAP.join(f"{name} {_days(one, number)}" for one in calendars)


def _days(calendar: Calendar, month: int) -> str:
    marks = [_mark(cell.state) for cell in calendar.cells if cell.day.month == month]
    return "".join(marks) + " " * (len(_RULER) - len(marks))


def _tell(found: Coverage) -> None:
    """Say of the days that are not as they should be why; the worst first, then the newest."""
    told = [(one, cell) for one in found.calendars for cell in one.cells if cell.state in _TOLD]
    told.sort(key=lambda pair: (_TOLD.index(pair[1].state), -pair[1].day.toordinal()))
    if told:
        click.echo()
    for one, cell in told[:SHOWN]:
        why = terminal.harmless(cell.reason)
        click.echo(f"{_mark(cell.state)} {one.region}/{one.code}/{cell.day}  {why}")
    if len(told) > SHOWN:
        click.echo(f"… and {len(told) - SHOWN} more, see --json")


def _mark(state: State) -> str:
    mark, colour = MARKS[state]
    return click.style(mark, fg=colour) if colour else mark


def _name(state: State) -> str:
    return state.replace("_", " ")
