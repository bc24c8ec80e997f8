"""A round: every check asked once, then the incidents settled by what they found.

What a check finds opens or updates an incident. An open incident that is no
longer found, by checks that did look for it, is resolved. A check that failed,
or could not be asked, says nothing: of its family nothing is settled.
"""

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from giddyup_watch.errors import GiddyupError
from giddyup_watch.gaps import checks as every
from giddyup_watch.gaps.check import Ask, Check, Finding, Terms
from giddyup_watch.store import connection, incidents, notify
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Incident, Sighting


@dataclass(frozen=True, slots=True)
class Answered:
    """One check's turn: what it found, or why it did not answer.

    `error` is empty when it answered. It was `skipped` when there was nothing to
    ask it about: then it neither answered nor failed.
    """

    check: Check
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    error: str = ""
    skipped: bool = False

    @property
    def spoke(self) -> bool:
        return not (self.error or self.skipped)


@dataclass(frozen=True, slots=True)
class Round:
    """What a round found and what it changed; `unresolved` are all incidents open after it."""

    answered: tuple[Answered, ...]
    opened: tuple[Incident, ...]
    changed: tuple[Incident, ...]
    resolved: tuple[Incident, ...]
    unresolved: tuple[Incident, ...]


def window(terms: Terms, now: dt.datetime) -> tuple[dt.date, ...]:
    """Return the days whose race rows every round looks at: today and `window_days` before."""
    today = now.astimezone(terms.zone).date()
    return tuple(today - dt.timedelta(days=back) for back in range(terms.window_days, -1, -1))


def go(ask: Ask, checks: Iterable[Check] | None = None) -> Round:
    """Ask `checks`, or all there are, and settle the incidents.

    The days of the open incidents are added to those of `ask`, so that each is
    looked at again however old it is. `ask.conn` must be in no transaction. An
    error of one check is in its answer; one of the settling is raised.
    """
    asked = tuple(every.registered() if checks is None else checks)
    before = incidents.unresolved(ask.conn)
    ask = replace(ask, days=_with_days_of(before, asked, ask.days))
    answered = tuple(put(asked, ask))
    with connection.transaction(ask.conn):
        return _settle(ask, answered, before)


def put(checks: Sequence[Check], ask: Ask) -> Iterator[Answered]:
    """Put the question to each check in turn.

    All of them see one moment of the database; those after one that failed, a later one.
    """
    put = 0
    while put < len(checks):
        began = time.monotonic()
        try:
            with connection.transaction(ask.conn, read_only=True, isolation="repeatable read"):
                while put < len(checks):
                    began = time.monotonic()
                    answered = _answer(checks[put], ask, began)
                    put += 1
                    yield answered
        except GiddyupError as error:
            if put == len(checks):
                raise
            reason = error.message or type(error).__name__
            yield Answered(checks[put], seconds=time.monotonic() - began, error=reason)
            put += 1


def _answer(check: Check, ask: Ask, began: float) -> Answered:
    if check.scope == "disk" and ask.disk is None:
        return Answered(check, skipped=True)
    found = tuple(check(ask))
    return Answered(check, found, time.monotonic() - began)


def _with_days_of(
    before: Sequence[Incident], asked: Sequence[Check], days: Iterable[dt.date]
) -> tuple[dt.date, ...]:
    families = {check.family for check in asked if check.scope == "rows"}
    own = {one.d for one in before if one.d is not None and one.family in families}
    return tuple(sorted(own.union(days)))


def _settle(ask: Ask, answered: Sequence[Answered], before: Sequence[Incident]) -> Round:
    spoke = {one.check.name for one in answered if one.spoke}
    family = [one.check for one in answered] + list(every.registered())
    silent = {check.family for check in family if check.name not in spoke}
    settled = [one for one in answered if one.check.family not in silent and one.check.incident]
    found = _by_key(settled)
    news = incidents.record(ask.conn, [_sighting(*one) for one in found.values()])
    repaired = [
        one.gap_id
        for one in before
        if (one.family, one.key) not in found and _examined(one, settled, ask)
    ]
    resolved = incidents.resolve(ask.conn, repaired)
    known = {one.gap_id for one in before}
    made = Round(
        answered=tuple(answered),
        opened=tuple(one for one in news if one.gap_id not in known),
        changed=tuple(one for one in news if one.gap_id in known),
        resolved=tuple(resolved),
        unresolved=tuple(incidents.unresolved(ask.conn)),
    )
    _tell(ask.conn, made)
    return made


def _by_key(settled: Iterable[Answered]) -> dict[tuple[str, str], tuple[Check, Finding]]:
    """Return one finding for each incident: that of the check registered first."""
    found: dict[tuple[str, str], tuple[Check, Finding]] = {}
    for one in settled:
        for finding in one.findings:
            found.setdefault((one.check.family, finding.key), (one.check, finding))
    return found


def _examined(incident: Incident, settled: Iterable[Answered], ask: Ask) -> bool:
    """Whether a check of its family has looked where the incident is, and so would have found it.

    All the checks of a family look where the one that opened it did.
    """
    return any(
        one.check.family == incident.family and one.check.examines(ask, incident.d)
        for one in settled
    )


def _sighting(check: Check, finding: Finding) -> Sighting:
    return Sighting(
        check_name=check.name,
        family=check.family,
        key=finding.key,
        severity=finding.severity,
        region=finding.region,
        code=finding.code,
        d=finding.day,
        finding=finding.text,
        item=finding.item,
    )


def _tell(conn: Connection, made: Round) -> None:
    told: tuple[tuple[notify.GapAction, Sequence[Incident]], ...] = (
        ("opened", made.opened),
        ("changed", made.changed),
        ("resolved", made.resolved),
    )
    for action, about in told:
        notify.gaps(conn, action, about)
