"""Carry out a segment's plan: everything in the caller's one transaction."""

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from giddyup_watch.ingest.examine import SegmentPlan
from giddyup_watch.ingest.plan import DayPlan
from giddyup_watch.model import Counts, DayState, Effects, LedgerRace, Reject, SegmentKey
from giddyup_watch.source import cells, tree
from giddyup_watch.store import facts, ledger, notify, rejects
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.ledger import DayDecision

StagingRows = tuple[list[tuple[object, ...]], list[tuple[object, ...]], list[Reject]]

_STATES: dict[str, DayState] = {"load": "loaded", "hold": "held", "absent": "absent"}


def apply(conn: Connection, made: SegmentPlan, run_id: int) -> Effects:
    """Write what was planned; return what became of every line.

    Rows, provenance, days and rejects are one unit: the caller commits them
    together or not at all.
    """
    key = made.setting.key
    effects = made.effects()
    working = [day for day in made.days if day.action != "skip"]
    cleaned = _merge(conn, made, working, effects)
    _delete(conn, key, working, effects)
    _record_provenance(conn, key, working)
    _record_days(conn, made, working, run_id)
    found = rejected_lines(made, working) + cleaned
    files = tree.names(key)
    rejects.replace(
        conn,
        key,
        [day.day for day in working],
        found,
        {"races": files.races, "runners": files.runners},
        run_id,
    )
    effects.cells_cleaned = len(cleaned)
    effects.days = sum(day.action in ("load", "drop") for day in working)
    if working:
        notify.ingested(conn, payload(key, [day.day for day in working], effects, run_id))
    return effects


def drop(conn: Connection, key: SegmentKey, days: Sequence[DayPlan], run_id: int) -> Effects:
    """Carry out plans of days that are gone from disk; return what was deleted."""
    effects = Effects(segments=1, days=sum(day.action == "drop" for day in days))
    _delete(conn, key, days, effects)
    _record_provenance(conn, key, days)
    dropped = [day.day for day in days if day.action == "drop"]
    rejects.replace(conn, key, dropped, [], {}, run_id)
    if dropped:
        ledger.forget_days(conn, key, dropped)
        notify.ingested(conn, payload(key, [day.day for day in days], effects, run_id))
    return effects


def pass_on(conn: Connection, key: SegmentKey, days: Sequence[DayPlan]) -> None:
    """Let races of a segment that is not on disk pass to those that have them.

    Its rows stay as they are; back on disk, these days are compared again.
    """
    _record_provenance(conn, key, days)
    ledger.distrust(conn, [(key, day.day) for day in days])


def heirs(days: Iterable[DayPlan]) -> list[LedgerRace]:
    """Return other segments' copies that have to be written because a race passed to them."""
    return [race for day in days for race in day.hand_over.values()]


def staging_rows(made: SegmentPlan, days: Sequence[DayPlan]) -> StagingRows:
    """Return the races and runners to stage, cleaned, and the cells that became null.

    Cells are cleaned on all races of the days, also on those that are not
    staged: what is kept in the rejects is of the day's whole content.
    """
    races: list[tuple[object, ...]] = []
    runners: list[tuple[object, ...]] = []
    cleaned: list[Reject] = []
    for day in days:
        if day.action != "load":
            continue
        staged = {race.key for race in day.write}
        for race in made.content.days[day.day].races.values():
            values, bad = cells.race_values(race, made.setting.rules.off_times)
            cleaned += bad
            if race.key in staged:
                races.append(values)
            for runner in race.runners:
                values, bad = cells.runner_values(runner, race.day)
                cleaned += bad
                if race.key in staged and runner.key not in day.withheld:
                    runners.append(values)
    return races, runners, cleaned


def _merge(
    conn: Connection, made: SegmentPlan, days: Sequence[DayPlan], effects: Effects
) -> list[Reject]:
    """Stage the races to write and merge them; return the cells that became null."""
    key, rules = made.setting.key, made.setting.rules
    races, runners, cleaned = staging_rows(made, days)
    if not races:
        return cleaned
    facts.ensure_month(conn, key.first_day)
    facts.stage(conn, "races", races)
    facts.stage(conn, "runners", runners)
    facts.resolve_names(conn, key.region.upper())
    if rules.keep_live_prices:
        facts.keep_live_prices(conn, key)
    _count(effects.races, len(races), *facts.merge_races(conn, key))
    _count(effects.runners, len(runners), *facts.merge_runners(conn, key))
    facts.empty_staging(conn)
    return cleaned


def _count(counts: Counts, staged: int, inserted: int, updated: int) -> None:
    counts.inserted += inserted
    counts.updated += updated
    counts.unchanged += staged - inserted - updated


def _delete(conn: Connection, key: SegmentKey, days: Sequence[DayPlan], effects: Effects) -> None:
    runners = [(day.day, name) for day in days for name in day.drop_runners]
    races = [(day.day, name) for day in days for name in day.drop_races]
    if runners:
        effects.runners.deleted = facts.delete_runners(conn, key, runners)
    if races:
        effects.races.deleted = facts.delete_races(conn, key, races)


def _record_provenance(conn: Connection, key: SegmentKey, days: Sequence[DayPlan]) -> None:
    forget = [(day.day, name) for day in days for name in day.forget]
    if forget:
        ledger.forget_races(conn, key, forget)
    passed = heirs(days)
    unseated = [replace(race, owned=False) for day in days for race in day.unseat]
    own = [race for day in days for race in day.keep]
    if own or unseated or passed:
        ledger.record_races(conn, [*own, *unseated, *passed])
    # Heirs have to be compared; and a folder that lost a race while it was not on disk,
    # whenever it is back: the race may be its own again.
    compare = [*passed, *(race for race in unseated if not race.on_disk)]
    if compare:
        ledger.distrust(conn, {(race.key, race.day) for race in compare})
    if passed:
        ledger.mark_heirs_due(conn, {race.key for race in passed})


def _record_days(conn: Connection, made: SegmentPlan, days: Sequence[DayPlan], run_id: int) -> None:
    key = made.setting.key
    dropped = [day.day for day in days if day.action == "drop"]
    if dropped:
        ledger.forget_days(conn, key, dropped)
    decided = [decision(made, day) for day in days if day.action != "drop"]
    if decided:
        ledger.record_days(conn, key, decided, run_id)
    loaded = [day.day for day in days if day.action == "load"]
    if loaded:
        ledger.record_ingested(conn, key, loaded, run_id)


def decision(made: SegmentPlan, plan: DayPlan) -> DayDecision:
    """Return what is recorded of a day that is not given up."""
    day = made.content.days.get(plan.day)
    return DayDecision(
        day=plan.day,
        state=_STATES[plan.action],
        reason=plan.reason,
        digest=plan.digest,
        rules=plan.rules,
        held=plan.held,
        accepted=plan.accepted,
        races=len(day.races) if day else 0,
        runners=day.runners if day else 0,
        rejected=sum(r.column is None for r in day.rejects) if day else 0,
    )


def rejected_lines(made: SegmentPlan, days: Iterable[DayPlan]) -> list[Reject]:
    """Return the lines of these days that are not loaded, and those without a date."""
    dated = (made.content.days[day.day].rejects for day in days if day.day in made.content.days)
    return [*made.content.rejects, *itertools.chain.from_iterable(dated)]


def payload(
    key: SegmentKey, days: Sequence[dt.date], effects: Effects, run_id: int
) -> dict[str, object]:
    """Return the document that listeners of `giddyup_ingest` get."""
    return {
        "run_id": run_id,
        "segment": str(key),
        "days": [day.isoformat() for day in days],
        "races": _changes(effects.races),
        "runners": _changes(effects.runners),
    }


def _changes(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in ("inserted", "updated", "deleted", "held")}
