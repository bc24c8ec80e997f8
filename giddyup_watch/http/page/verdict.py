"""Is it well? What is not, the worst first, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from giddyup_watch.http.page.facts import Facts, Stored
from giddyup_watch.http.page.parts import words

#: `note`: as it should be, but not at work.
Level = Literal["well", "note", "warn", "bad"]
_ORDER: tuple[Level, ...] = ("bad", "warn", "note", "well")

#: What the board says before anybody has looked.
NOT_CHECKED = "not checked yet"
#: Seconds that a segment may wait, unless a backfill is going on.
PATIENCE_SECONDS = 600.0
#: Segments, or seconds of the one that waits longest, from which on it is told that much is to be
#: loaded: a change that is loaded in a moment is no news.
MANY, LONG_SECONDS = 12, 20.0
#: How our own sessions are named.
OURS = "giddyup-watch "
#: Where the gaps are.
GAPS = "#gaps"


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that a person should know: in a few words, what to do, and the whole of it.

    `place` is where on the page more is said.
    """

    level: Level
    what: str
    todo: str
    place: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    level: Level
    headline: str
    matters: tuple[Matter, ...]


_TODO = {
    "database": "Start PostgreSQL or correct database.url; giddyup-watch doctor looks closer."
    " What changed meanwhile is loaded by itself afterwards.",
    "tree": "Mount it again, or correct master.path. Nothing is deleted because of it.",
    "migrations": "giddyup-watch migrate",
    "adoption": "giddyup-watch backfill, first with --dry-run",
}
_CALLED = {
    "database": "The database is away",
    "tree": "The master tree is away",
    "migrations": "Migrations are due",
    "adoption": "A backfill is needed",
}


def judge(facts: Facts) -> Verdict:
    found = [*_conditions(facts), *_stalls(facts)]
    if facts.stored is not None and not facts.problem:
        found += [*_loading(facts, facts.stored), *_gaps(facts)]
    matters = tuple(sorted(found, key=lambda one: _ORDER.index(one.level)))
    level = matters[0].level if matters else "well"
    return Verdict(level, _headline(matters), matters)


def _headline(matters: tuple[Matter, ...]) -> str:
    serious = [one for one in matters if one.level in ("bad", "warn")]
    if len(serious) > 1:
        if all(one.place == GAPS for one in serious):
            return ", ".join(one.what for one in serious)
        return f"{len(serious)} things need you"
    return (serious or matters)[0].what if matters else "All is well"


def _conditions(facts: Facts) -> Iterator[Matter]:
    problems = {name: why for name, why in facts.situation.problems.items() if why}
    if facts.problem and not problems.keys() & {"database", "migrations"}:
        problems["database"] = facts.problem  # the worker has not noticed yet
    if NOT_CHECKED in problems.values() and set(problems.values()) == {NOT_CHECKED}:
        yield Matter("note", "Starting", "Tree and database are being looked at.")
        return
    away = [name for name in ("database", "tree") if problems.get(name, NOT_CHECKED) != NOT_CHECKED]
    for name, why in problems.items():
        if why != NOT_CHECKED and (name in away or "database" not in away):
            called = _CALLED.get(name, name)
            todo = _TODO.get(name, "giddyup-watch doctor")
            yield Matter("bad", called, todo, detail=why)


def _stalls(facts: Facts) -> Iterator[Matter]:
    for stall in facts.stalls:
        todo = "The log has the rest; systemd starts the daemon again by itself."
        yield Matter("bad", "A loop makes no progress", todo, detail=stall)


def _loading(facts: Facts, stored: Stored) -> Iterator[Matter]:
    if facts.situation.role == "standby":
        active = next((one for one in stored.daemons if one.role == "active"), None)
        who = f"pid {active.session.pid} from {active.session.client}" if active else "another"
        yield Matter("note", "Standing by", f"The active daemon is {who}; this one takes over.")
        return
    waiting = facts.situation.waiting
    if stored.control.paused:
        yield Matter("warn", "Loading is paused", "giddyup-watch resume")
        return
    holder = stored.holder
    if waiting and holder and not holder.application.startswith(OURS):
        todo = "Nothing is lost: it is loaded when they let go of the ingest lock."
        yield Matter("warn", "Another program loads", todo, detail=f"The lock is {holder}'s.")
    elif max(waiting.values(), default=0.0) > PATIENCE_SECONDS and not _is_running(stored):
        todo = "giddyup-watch why, with the segment's name; the log has its last error."
        yield Matter("warn", "A segment waits for over ten minutes", todo)
    elif len(waiting) >= MANY or max(waiting.values(), default=0.0) > LONG_SECONDS:
        what = f"{words.count(len(waiting), 'segment')} to go, the newest first."
        yield Matter("note", "Loading", "Nothing to do: it is well when they are loaded.", "", what)
    last = stored.runs[0] if stored.runs else None
    if last is not None and last.status == "failed":
        todo = "It is tried again by itself; the log has more."
        yield Matter("warn", f"Run {last.run_id} failed", todo, "#runs", last.error_msg or "")


def _is_running(stored: Stored) -> bool:
    return any(run.status == "running" for run in stored.runs)


def _gaps(facts: Facts) -> Iterator[Matter]:
    severities = [gap.severity for gap in facts.open_gaps]
    critical, warnings = severities.count("critical"), severities.count("warning")
    todo = "What each means, and what to do."
    if critical:
        yield Matter("bad", words.count(critical, "critical gap"), todo, GAPS)
    if warnings:
        yield Matter("warn", words.count(warnings, "warning"), todo, GAPS)
