"""Why a day or month is as it is: small rules over the evidence, the first that applies decides.

Each rule answers with one sentence and one command, or with nothing; their
order at the end is the argument: what cannot be looked at, what is not on disk,
what is kept back on purpose, what waits, what is loaded and not as it should
be, and at last what is fine.
"""

from collections.abc import Callable

from giddyup_watch.explain.proof import DayProof
from giddyup_watch.explain.why import nowhere, waiting
from giddyup_watch.explain.why.evidence import Evidence
from giddyup_watch.explain.why.phrases import Conclusion, Verdict, count, ingest, listed, moment

Rule = Callable[[Evidence], Conclusion | None]


def conclude(evidence: Evidence) -> Conclusion:
    """Return what the first rule that applies says."""
    for rule in RULES:
        made = rule(evidence)
        if made is not None:
            return made
    return Conclusion("unclear", f"{evidence.subject}: nothing that was looked at explains it.")


def migrations_due(e: Evidence) -> Conclusion | None:
    due = e.around.migrations
    if not due:
        return None
    text = f"The database is not ready, nothing is loaded: {count(len(due), 'migration')} due"
    return Conclusion("migrations_due", f"{text} ({listed(due)}).", "giddyup-watch migrate")


def no_tree(e: Evidence) -> Conclusion | None:
    if e.disk.state != "no tree":
        return None
    races = sum(one.races for one in e.ours.values())
    text = f"The tree is not there, nothing is loaded or deleted: {e.disk.problem}."
    known = f" Of {e.subject} the ledger has {count(races, 'race')} on {count(len(e.ours), 'day')}."
    return Conclusion("no_tree", text + known, "giddyup-watch doctor")


def refused(e: Evidence) -> Conclusion | None:
    if e.disk.state != "refused":
        return None
    blamed = next((one.name for one in e.disk.files if one.name in e.disk.problem), None)
    command = f"ls -la {e.disk.folder}"
    if blamed and e.disk.snapshot:
        command = f"head -n 1 {e.disk.folder / blamed}"
    text = f"The folder is refused, what was loaded of it stays: {e.disk.problem}."
    return Conclusion("refused", text, command)


def writing(e: Evidence) -> Conclusion | None:
    if e.disk.state != "writing":
        return None
    text = f"{e.subject.key} is being written: {e.disk.problem}. It is loaded when the manifest"
    text += " agrees, or when nothing has changed for watch.orphan_seconds."
    return Conclusion("writing", text)


def adoption_due(e: Evidence) -> Conclusion | None:
    if not e.around.adoption_due:
        return None
    text = "Others filled this database: nothing is loaded until a whole backfill has compared it."
    return Conclusion("adoption_due", text, "giddyup-watch backfill")


def held_segment(e: Evidence) -> Conclusion | None:
    if not e.held:
        return None
    text = f"All of {e.subject.key} is held, what was loaded stays: {e.held}."
    command = ingest(e, "--accept columns", whole=True)
    return Conclusion("held_columns", text, command)


def held_day(e: Evidence) -> Conclusion | None:
    held = [plan for plan in e.plans if plan.held is not None]
    if not held:
        return None
    first = held[0]
    kind, _, why = first.reason.partition(": ")
    more = f", and {count(len(held) - 1, 'more day')}" if len(held) > 1 else ""
    text = f"{first.day}{more} of {e.subject.key} is held by the guard of {kind}, what was loaded"
    text += f" stays: {why}.{_first_reject(e) if kind == 'rejects' else ''}"
    days = [plan.day for plan in held if plan.reason.startswith(kind)]
    verdict: Verdict = "held_rejects" if kind == "rejects" else "held_shrink"
    return Conclusion(verdict, text, ingest(e, f"--accept {kind}", days=days))


def drift(e: Evidence) -> Conclusion | None:
    """Rows that are not as they were loaded, although the files are the same."""
    differing = [day for day in (e.proof.differing if e.proof else ()) if e.subject.holds(day.day)]
    if not differing:
        return None
    deleted = all(_only_missing(day) for day in differing)
    days = [day.day for day in differing]
    done = "deleted" if deleted else "changed"
    text = f"Rows of {listed(days)} were {done} in the database, the files are as they were loaded:"
    text += f" {differing[0].finding}."
    verdict: Verdict = "rows_deleted" if deleted else "drift"
    return Conclusion(verdict, text, ingest(e, "--force", days=days))


def duplicate(e: Evidence) -> Conclusion | None:
    """All that the folder has of the days belongs to other folders."""
    races = sum(len(day.races) for day in e.seen.values())
    if not races or sum(e.elsewhere.values()) < races:
        return None
    text = f"The {count(races, 'race')} that this folder has of {e.subject} belong to"
    text += f" {listed(e.elsewhere)} by their type; that copy is the one loaded."
    return Conclusion("duplicate", text)


def rejected(e: Evidence) -> Conclusion | None:
    lines = e.rejects[0].lines if e.rejects else 0
    if not lines or not e.ours:
        return None
    text = f"{_loaded_text(e)}, but {count(lines, 'line')} could not be.{_first_reject(e)}"
    first = e.rejects[0]
    return Conclusion("rejected", text, f"sed -n {first.line}p {e.disk.folder / first.file}")


def loaded(e: Evidence) -> Conclusion | None:
    if not e.ours:
        return None
    equal = e.proof is not None and e.proof.result == "equal"
    text = f"{_loaded_text(e)}{', and equal to the files row by row' if equal else ''}."
    foreign = sum(one.races for one in e.rows if one.owner_code is None)
    if foreign:
        text += f" {count(foreign, 'race')} beside them were written by others."
    if e.elsewhere:
        text += f" {count(sum(e.elsewhere.values()), 'race')} of the files"
        text += f" belong to {listed(e.elsewhere)}."
    if cells := e.rejects[0].cells if e.rejects else 0:
        text += f" {count(cells, 'cell')} could not be read and are empty."
    if e.decision is not None and e.decision.counts_agree is False:
        text += " The manifest counts otherwise."
    return Conclusion("loaded", text)


#: What cannot be looked at; what is not on disk; what is held; what waits; what is not as it
#: should be; what is fine.
RULES: tuple[Rule, ...] = (
    migrations_due,
    no_tree,
    refused,
    nowhere.absent,
    writing,
    nowhere.written_by_others,
    nowhere.in_another_folder,
    nowhere.future,
    nowhere.blank_day,
    nowhere.no_racing,
    nowhere.not_due,
    nowhere.given_up,
    nowhere.never_scraped,
    adoption_due,
    held_segment,
    held_day,
    waiting.failed,
    waiting.paused,
    waiting.lock_busy,
    waiting.parked,
    waiting.queued,
    waiting.no_daemon,
    drift,
    duplicate,
    rejected,
    loaded,
)


def _only_missing(day: DayProof) -> bool:
    return not any(one.changed or one.superfluous for one in (day.races, day.runners))


def _first_reject(e: Evidence) -> str:
    if not e.rejects:
        return ""
    first = e.rejects[0]
    return (
        f" The first is line {first.line} of {first.file}: {first.reason} ({first.value[:60]!r})."
    )


def _loaded_text(e: Evidence) -> str:
    races = sum(one.races for one in e.ours.values())
    runners = sum(one.runners for one in e.ours.values())
    last = max((one.decided_at for one in e.ours.values() if one.decided_at), default=None)
    when = f" ({moment(last)})" if last else ""
    days = f"{count(len(e.ours), 'day')} of " if e.subject.day is None else ""
    what = f"{count(races, 'race')} with {count(runners, 'runner')}"
    return f"{days}{e.subject} loaded{when}: {what}"
