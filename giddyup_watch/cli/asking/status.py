"""`status`: what is going on, read from the database; takes no lock."""

import dataclasses
import datetime as dt
from typing import Any

import click

from giddyup_watch import settings
from giddyup_watch.cli import database, options, output
from giddyup_watch.store import control, incidents, ledger, lock, runs, server, upkeep
from giddyup_watch.store.connection import Connection


@click.command()
@options.with_source
@options.as_json
def status(source: options.Source, *, as_json: bool) -> int:
    """Show the last run, the lock holder, pause, freshness, gaps and the states of segments."""
    loaded = source.load()
    with database.connected(loaded, "status", read_only=True) as conn:
        database.require_migrated(conn)
        found = _collect(conn, loaded)
    if as_json:
        output.document(found)
    else:
        _show(found)
    return 0


def _collect(conn: Connection, loaded: settings.Settings) -> dict[str, Any]:
    """The document of `--json`."""
    asked = control.read(conn)
    last = runs.latest(conn)
    holder = lock.holder(conn, loaded.database.lock_id)
    daemons = [_daemon(one) for one in server.daemons(conn)]
    queues = [one["queue"] for one in daemons if one["role"] == "active"]
    return {
        "daemons": daemons,
        "queue": queues[0] if queues else None,
        "due": asked.due,
        "lock_holder": dataclasses.asdict(holder) if holder else None,
        "paused": asked.paused,
        "paused_until": asked.paused_until if asked.paused else None,
        "needs_backfill": ledger.needs_adoption(conn),
        "last_run": dataclasses.asdict(last) if last else None,
        "segments": ledger.state_counts(conn),
        "derived": _derived(conn, loaded.derived.mode),
        "gaps": dataclasses.asdict(incidents.count(conn)),
        "freshness": [dataclasses.asdict(one) for one in ledger.freshness(conn)],
    }


def _derived(conn: Connection, wanted: str) -> dict[str, Any]:
    """How the known views are kept up; what the settings call incremental may not be yet."""
    found = upkeep.fetch(conn)
    return {
        "mode": "off" if wanted == "off" and not found.tables else found.mode,
        "noted_races": found.races,
        "noted_since": found.since,
        "compared_at": found.compared_at,
    }


def _daemon(one: server.Daemon) -> dict[str, Any]:
    return {
        **dataclasses.asdict(one.session),
        "role": one.role,
        "watcher": one.watcher,
        "queue": one.queue,
    }


def _show(found: dict[str, Any]) -> None:
    for line in _headlines(found):
        click.echo(line)
    if found["freshness"]:
        click.echo()
        output.table(
            ("region", "code", "newest day", "days", "last loaded"),
            [
                (one["region"], one["code"], one["newest_day"], one["days"], one["last_loaded"])
                for one in found["freshness"]
            ],
        )


def _headlines(found: dict[str, Any]) -> list[str]:
    daemons = [_daemon_line(one) for one in found["daemons"]] or ["daemon    none"]
    holder = found["lock_holder"]
    lines = [*daemons, f"lock      {_who(holder) if holder else 'free'}"]
    if found["paused"]:
        until = found["paused_until"]
        lines.append(f"paused    {f'until {_time(until)}' if until else 'until resume'}")
    if found["needs_backfill"]:
        lines.append("backfill  needed: the database has rows of others and no ledger")
    states = ", ".join(f"{count} {state}" for state, count in found["segments"].items())
    lines.append(f"segments  {states or 'none yet'}")
    lines.append(f"views     {_views(found['derived'])}")
    gaps = ", ".join(f"{count} {severity}" for severity, count in found["gaps"].items() if count)
    lines.append(f"gaps      {gaps or 'none open'}")
    return [*lines, _run_line(found["last_run"])]


def _views(derived: dict[str, Any]) -> str:
    if not derived["noted_races"]:
        return str(derived["mode"])
    since = _time(derived["noted_since"])
    return f"{derived['mode']}, {derived['noted_races']} changes not shown yet, since {since}"


def _daemon_line(one: dict[str, Any]) -> str:
    place = f"database pid {one['pid']} from {one['client']}"
    return f"daemon    {one['role']}, {one['watcher']}, {one['queue']} in its queue ({place})"


def _who(holder: dict[str, Any]) -> str:
    name = holder["application"] or "a session without a name"
    since = f", connected since {_time(holder['since'])}" if holder["since"] else ""
    return f"{name} (pid {holder['pid']}{since})"


def _run_line(run: dict[str, Any] | None) -> str:
    if run is None:
        return "last run  none yet"
    stats = run["stats"] or {}
    written = ", ".join(
        f"{stats.get(f'{table}_inserted', 0)}+{stats.get(f'{table}_updated', 0)} {table}"
        for table in ("races", "runners")
    )
    error = f": {run['error_msg']}" if run["error_msg"] else ""
    started = _time(run["started_at"])
    return f"last run  {run['run_id']} {run['status']}, {started}, new+changed {written}{error}"


def _time(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
