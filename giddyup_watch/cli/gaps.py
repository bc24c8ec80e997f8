"""`gaps`: what is missing or does not add up; takes no lock and writes nothing but `ack`."""

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from typing import Any

import click

from giddyup_watch import settings
from giddyup_watch.cli import database, options, output, selection
from giddyup_watch.daemon import rescan, terms
from giddyup_watch.errors import TreeMissingError
from giddyup_watch.gaps import checks, live
from giddyup_watch.gaps.check import Ask
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store import connection, incidents
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Incident

EXIT_FOUND = 1

_SEVERITIES = ("critical", "warning", "info")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400  # seconds


@click.group(invoke_without_command=True)
@options.with_source
@click.option("--on", type=options.Day(), help="Ask the checks now about this day.")
@options.as_json
@click.pass_context
def gaps(ctx: click.Context, source: options.Source, *, on: str | None, as_json: bool) -> int:
    """Show the open gaps, or what the checks find now about one day.

    Ends with 1 when there is a critical one or a warning that nobody has
    acknowledged.
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = source
        return 0
    loaded = source.load()
    with database.connected(loaded, "gaps", read_only=True) as conn:
        database.require_migrated(conn)
        if on is not None:
            found = _about(conn, loaded, on)
        else:
            found = _open(conn)
    if as_json:
        output.document(found)
    elif on is not None:
        _show_live(found)
    else:
        _show_open(found["gaps"])
    return EXIT_FOUND if found["summary"]["total_issues"] else 0


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


def _open(conn: Connection) -> dict[str, Any]:
    """The document of `--json` without `--on`."""
    found = sorted(
        incidents.unresolved(conn),
        key=lambda one: (one.acked_at is not None, _SEVERITIES.index(one.severity)),
    )
    hints = {one.name: one.hint for one in checks.registered()}
    counted = [one.severity for one in found if one.acked_at is None]
    critical, warnings = counted.count("critical"), counted.count("warning")
    return {
        "gaps": [_document(one, hints.get(one.check_name, "")) for one in found],
        "summary": {
            "total_issues": critical + warnings,
            "critical": critical,
            "warnings": warnings,
            "acknowledged": len(found) - len(counted),
        },
    }


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


def _about(conn: Connection, loaded: settings.Settings, on: str) -> dict[str, Any]:
    """The document of `--json` with `--on`: all of it as of one moment."""
    now = dt.datetime.now(dt.UTC)
    disk = _disk(loaded)
    ask = Ask(conn, terms.of(loaded), now, days=(), disk=disk, waiting=_waiting(disk))
    with connection.transaction(conn, read_only=True, isolation="repeatable read"):
        return live.answer(ask, selection.day(on, ask.today))


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
    return inventory if rescan.present(look.segments) else None


def _waiting(disk: Inventory | None) -> dict[Any, float]:
    """Seconds since each segment changed: none has been in a daemon's queue for longer."""
    now = time.time()
    holdings = disk.holdings if disk is not None else {}
    return {key: max(now - held.stamp.changed_at, 0.0) for key, held in holdings.items()}


def _show_open(found: Sequence[dict[str, Any]]) -> None:
    if not found:
        click.echo("No open gaps.")
        return
    now = dt.datetime.now(dt.UTC)
    output.table(
        ("id", "severity", "open for", "check", "what"),
        [
            (
                str(one["gap_id"]),
                _severity(one),
                _age(now - one["opened_at"]),
                one["check"],
                one["finding"],
            )
            for one in found
        ],
    )
    _show_hints(one["check"] for one in found if not one["acked_at"])
    notes = [f"{one['gap_id']}: {one['note']}" for one in found if one["acked_at"]]
    if notes:
        click.echo("\nAcknowledged\n  " + "\n  ".join(notes))


def _show_live(found: dict[str, Any]) -> None:
    every = {one.name: one for one in checks.registered()}
    output.table(
        ("check", "severity", "found"),
        [
            (name, every[name].severity, told.get("skipped", str(told["count"])))
            for name, told in found["checks"].items()
        ],
    )
    for name, told in found["checks"].items():
        for item in told[every[name].listing] if every[name].severity != "info" else ():
            fields = ", ".join(f"{key} {value}" for key, value in item.items() if value is not None)
            click.echo(f"{name}: {fields}")
    _show_hints(name for name, told in found["checks"].items() if told["count"])


def _show_hints(names: Iterable[str]) -> None:
    wanted = set(names)
    hints = [one for one in checks.registered() if one.name in wanted and one.severity != "info"]
    if hints:
        click.echo("\nWhat to do")
    for one in hints:
        click.echo(f"  {one.name}: {one.hint}")


def _severity(one: dict[str, Any]) -> str:
    return f"{one['severity']}, known" if one["acked_at"] else str(one["severity"])


def _age(open_for: dt.timedelta) -> str:
    seconds = int(open_for.total_seconds())
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h" if seconds < 2 * _DAY else f"{seconds // _DAY} days"
