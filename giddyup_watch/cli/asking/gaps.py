"""`gaps`: what is missing or does not add up; takes no lock and writes nothing but `ack`."""

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from typing import Any

import click

from giddyup_watch import settings
from giddyup_watch.cli import database, options, output
from giddyup_watch.daemon import terms
from giddyup_watch.errors import TreeMissingError
from giddyup_watch.gaps import checks, live
from giddyup_watch.gaps.check import Ask
from giddyup_watch.ingest import asked
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store import connection, incidents
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Incident

EXIT_FOUND = 1

#: The worst first.
SEVERITIES = ("critical", "warning", "info")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400  # seconds


@click.group(invoke_without_command=True)
@options.with_source
@click.option("--on", type=options.Day(), help="Ask the checks now about this day.")
@options.as_json
@click.pass_context
def gaps(ctx: click.Context, source: options.Source, *, on: str | None, as_json: bool) -> int:
    """Show the open gaps, or what the checks find now about one day.

    Ends with 1 when there is a critical one or a warning; of the open gaps,
    one that nobody has acknowledged.
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = source
        return 0
    loaded = source.load()
    with database.connected(loaded, "gaps", read_only=True) as conn:
        database.require_migrated(conn)
        issues = _open(conn, as_json) if on is None else _live(conn, loaded, on, as_json)
    return EXIT_FOUND if issues else 0


@gaps.command()
@click.argument("gap_id", metavar="ID", type=int)
@options.with_source
@click.option("--note", required=True, help="Why this is left as it is.")
@click.pass_obj
def ack(outer: options.Source, source: options.Source, *, gap_id: int, note: str) -> int:
    """Take an open gap out of gauges and exit code until it changes."""
    with database.connected(source.over(outer).load(), "gaps ack") as conn:
        database.require_migrated(conn)
        known = incidents.acknowledge(conn, gap_id, note)
    if known is None:
        raise click.UsageError(f"{gap_id} is not the id of an open gap: giddyup-watch gaps")
    click.echo(f"Acknowledged until it changes: {known.finding}")
    return 0


def _open(conn: Connection, as_json: bool) -> int:
    """Show the open gaps; return how many of them count."""
    found = sorted(
        incidents.unresolved(conn),
        key=lambda one: (one.acked_at is not None, SEVERITIES.index(one.severity)),
    )
    counted = [one.severity for one in found if one.acked_at is None]
    critical, warnings = counted.count("critical"), counted.count("warning")
    if not as_json:
        _show_open(found)
        return critical + warnings
    hints = {one.name: one.hint for one in checks.registered()}
    summary = {
        "total_issues": critical + warnings,
        "critical": critical,
        "warnings": warnings,
        "acknowledged": len(found) - len(counted),
    }
    told = [_document(one, hints.get(one.check_name, "")) for one in found]
    output.document({"gaps": told, "summary": summary})
    return critical + warnings


def _document(one: Incident, hint: str) -> dict[str, Any]:
    return {
        "gap_id": one.gap_id,
        "check": one.check_name,
        "severity": one.severity,
        "key": one.key,
        "region": one.region,
        "code": one.code,
        "date": one.d,
        "finding": one.finding,
        "hint": hint,
        "item": one.item,
        "opened_at": one.opened_at,
        "changed_at": one.changed_at,
        "seen_at": one.seen_at,
        "acked_at": one.acked_at,
        "note": one.note,
    }


def _live(conn: Connection, loaded: settings.Settings, on: str, as_json: bool) -> int:
    """Ask the checks about a day, all as of one moment; return how many issues they found."""
    now = dt.datetime.now(dt.UTC)
    disk = _disk(loaded)
    ask = Ask(conn, terms.of(loaded), now, days=(), disk=disk, waiting=_waiting(disk))
    day = asked.day(on, ask.today)
    with connection.transaction(conn, read_only=True, isolation="repeatable read"):
        found = live.findings(ask, day)
    if as_json:
        output.document(live.document(found, day))
    else:
        _show_live(found, day)
    return sum(one.severity != "info" for each in found.values() for one in each or ())


def _disk(loaded: settings.Settings) -> Inventory | None:
    """What the tree holds; an empty one says no more than one that is gone."""
    master = loaded.master
    if master.path is None:
        return None
    inventory = Inventory()
    try:
        look = layout.look(master.path, master.regions, master.codes)
        inventory.update(master.path, look)
    except TreeMissingError:
        return None
    return inventory if layout.present(look.segments) else None


def _waiting(disk: Inventory | None) -> dict[SegmentKey, float]:
    """Seconds since each segment changed: none has been in a daemon's queue for longer."""
    now = time.time()
    holdings = disk.holdings if disk is not None else {}
    return {key: max(now - held.stamp.changed_at, 0.0) for key, held in holdings.items()}


def _show_open(found: Sequence[Incident]) -> None:
    if not found:
        click.echo("No open gaps.")
        return
    now = dt.datetime.now(dt.UTC)
    output.table(
        ("id", "severity", "open for", "check", "what"),
        [
            (
                str(one.gap_id),
                _severity(one),
                _age(now - one.opened_at),
                one.check_name,
                one.finding,
            )
            for one in found
        ],
    )
    _show_hints(one.check_name for one in found if one.acked_at is None)
    notes = [f"  {one.gap_id}: {one.note}" for one in found if one.acked_at is not None]
    if notes:
        click.echo("\n".join(("", "Acknowledged", *notes)))


def _show_live(found: live.Found, day: dt.date) -> None:
    said = [one for each in found.values() for one in each or ()]
    if not said:
        click.echo(f"No gaps about {day}.")
    else:
        said.sort(key=lambda one: SEVERITIES.index(one.severity))
        output.table(
            ("severity", "check", "what"), [(one.severity, one.check, one.text) for one in said]
        )
    _show_hints(one.check for one in said)
    skipped = [check.name for check, each in found.items() if each is None]
    if skipped:
        click.echo(f"Not asked, for there is no tree: {', '.join(skipped)}", err=True)


def _show_hints(names: Iterable[str]) -> None:
    wanted = set(names)
    hints = [one for one in checks.registered() if one.name in wanted and one.severity != "info"]
    if hints:
        click.echo("\nWhat to do")
    for one in hints:
        click.echo(f"  {one.name}: {one.hint}")


def _severity(one: Incident) -> str:
    return f"{one.severity}, known" if one.acked_at else one.severity


def _age(open_for: dt.timedelta) -> str:
    seconds = int(open_for.total_seconds())
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h" if seconds < 2 * _DAY else f"{seconds // _DAY} days"
