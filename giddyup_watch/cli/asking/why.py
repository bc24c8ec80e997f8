"""`why`: everything that bears on a day or month, and the reason in one sentence."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import click

from giddyup_watch import terminal
from giddyup_watch.cli import database, options, output
from giddyup_watch.cli.loading import turns
from giddyup_watch.daemon import terms
from giddyup_watch.explain.why import answers, document

#: What an answer is not coloured for: there is nothing to do about it.
_FINE = frozenset(
    {
        "loaded",
        "no_racing",
        "blank_day",
        "future",
        "not_due",
        "elsewhere",
        "duplicate",
        "foreign",
        "given_up",
    }
)


@click.command()
@click.argument("subject", metavar="SEGMENT-or-DAY")
@options.with_source
@options.as_json
def why(source: options.Source, *, subject: str, as_json: bool) -> int:
    """Say why a day or month is loaded, or is not: gb/flat/2024-06-14, gb/flat/2024-06.

    A day or month alone, also `today`, is about all folders. Takes no lock and
    writes nothing.
    """
    given = source.load()
    master, now = given.master, dt.datetime.now(dt.UTC)
    today = now.astimezone(master.zone).date()
    try:
        about = answers.subjects(subject, master.regions, master.codes, today)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with database.connected(given, "why", read_only=True) as conn:
        session = turns.session(conn, given)
        found = [
            document.of(answer) for answer in answers.answer(session, terms.of(given), now, about)
        ]
    if as_json:
        output.document({"asked": subject, "answers": found})
    else:
        _show(found)
    return 0


def _show(found: list[dict[str, Any]]) -> None:
    """One answer with what it rests on; of several, the conclusions."""
    if len(found) == 1:
        for label, text in _facts(found[0]):
            click.echo(terminal.harmless(f"{label:<9} {text}"))
        click.echo()
    for one in found:
        said = terminal.harmless(one["conclusion"])
        click.secho(said, bold=True, fg=None if one["verdict"] in _FINE else "yellow")
        click.echo(f"  {one['command'] or 'Nothing to do.'}")


def _facts(one: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "subject", one["subject"]
    yield from _disk(one["disk"], one["manifest"])
    if one["ledger"]:
        yield from _ledger(one["ledger"], one["day"])
    for plan in one["next"][:_SHOWN]:
        yield "next", f"{plan['day']} {plan['action']} {plan['reason']}".rstrip()
    for run in one["runs"]:
        error = f": {run['error_msg']}" if run["error_msg"] else ""
        started = _time(run["started_at"])
        yield "run", f"{run['run_id']} {run['status']}, {run['trigger']}, {started}{error}"
    yield from _rejects(one["rejects"])
    region, code, _ = one["segment"].split("/")
    for row in one["rows"]:
        if row["code"] == code or row["owner"] == f"{region}/{code}":
            yield "rows", _row(row)
    for gap in one["gaps"][:_SHOWN]:
        yield (
            "gap",
            f"{gap['severity']} {gap['check']} since {_time(gap['opened_at'])}: {gap['finding']}",
        )
    if one["proof"]:
        yield from _proof(one["proof"])
    yield from _around(one["surroundings"])


#: Lines of one kind.
_SHOWN = 5


def _disk(disk: dict[str, Any], manifest: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    yield "folder", f"{disk['folder']} ({disk['state']})"
    if disk["problem"]:
        yield "", disk["problem"]
    for file in disk["files"]:
        same = {True: "as in the ledger", False: "not what the ledger has", None: "not read"}
        changed = _time(file["changed_at"])
        said = same[file["as_in_ledger"]]
        yield "file", f"{file['name']} {file['bytes']:,} bytes, {changed}, {said}"
    yield (
        "in files",
        (
            f"{disk['races']} races, {disk['runners']} runners, {disk['rejected']} lines rejected,"
            f" {disk['undated']} without a date"
        ),
    )
    if manifest is not None:
        yield "manifest", _manifest(manifest)


def _manifest(manifest: dict[str, Any]) -> str:
    if manifest["problem"]:
        return f"cannot be read: {manifest['problem']}"
    agrees = "as the files" if manifest["agrees"] else "the files have others"
    month = f"{manifest['races']} races, {manifest['runners']} runners in the month ({agrees})"
    doubt = "" if manifest["believed"] else ", which is not believed: it claims every day"
    claimed = f"claims {manifest['claimed']} of the days asked about"
    return f"{month}; {claimed}{doubt if manifest['claimed'] else ''}"


def _ledger(ledger: dict[str, Any], day: dt.date | None) -> Iterator[tuple[str, str]]:
    reason = f": {ledger['reason']}" if ledger["reason"] else ""
    attempts = f", {ledger['attempts']} attempts" if ledger["attempts"] else ""
    decided = f"{_time(ledger['decided_at'])}, run {ledger['run_id'] or '-'}"
    yield "ledger", f"{ledger['state']}{attempts} ({decided}){reason}"
    days = ledger["days"]
    shown = days if day else [one for one in days if one["state"] != "loaded" or one["rejected"]]
    for one in shown[:_SHOWN]:
        yield "day", _day(one)


def _day(one: dict[str, Any]) -> str:
    reason = f": {one['reason']}" if one["reason"] else ""
    accepted = f", accepted {', '.join(one['accepted'])}" if one["accepted"] else ""
    ingested = "" if one["ingested_at"] else ", not in ingested_days"
    counts = f"{one['races']} races, {one['runners']} runners, {one['rejected']} lines rejected"
    state = one["state"] or "recorded by another loader"
    return f"{one['day']} {state}, {counts}{accepted}{ingested}{reason}"


def _rejects(rejects: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if rejects["first"]:
        yield "rejects", f"{rejects['lines']} lines, {rejects['cells']} cells; the first:"
    for one in rejects["first"]:
        column = f" {one['column']}" if one["column"] else ""
        yield "", f"{one['file']}:{one['line']}{column} {one['value'][:40]!r} {one['reason']}"


def _row(row: dict[str, Any]) -> str:
    owner = f"from {row['owner']}" if row["owner"] else "written by others"
    foreign = f", {row['foreign_runners']} of them others'" if row["foreign_runners"] else ""
    counts = f"{row['races']} races, {row['runners']} runners{foreign}"
    return f"{row['race_type']} ({row['code']}) {owner}: {counts}"


def _proof(proof: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "verify", f"{proof['result']} {proof['reason']}".rstrip()
    for one in proof["differences"][:_SHOWN]:
        cell = f" {one['column']} {one['stored']!r}, the file {one['wanted']!r}"
        row = f"{one['day']} {one['table']} {one['key']} {one['fault']}"
        yield "", f"{row}{cell if one['column'] else ''}"


def _around(around: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if around["daemon"] is not None:
        yield "daemon", f"database pid {around['daemon']}, {around['queue']} in its queue"
    else:
        yield "daemon", "none"
    yield "lock", around["lock_holder"] or "free"
    if around["derived"] is not None:
        noted = around["derived_noted_races"]
        yield "views", f"{around['derived']}{f', {noted} changes not shown yet' if noted else ''}"
    if around["paused"]:
        until = around["paused_until"]
        yield "paused", f"until {_time(until)}" if until else "until resume"


def _time(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
