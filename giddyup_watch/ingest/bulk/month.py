"""The segments of a month that the database knows nothing of, decided on and ready to be written.

The decisions are those of the ordinary way. It asks the ledger what other folders have of a day;
here that is what the segments before have, for there is nothing else.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from giddyup_watch.errors import NotReadyError, SegmentAbsentError, SegmentRefusedError
from giddyup_watch.ingest import examine, load, plan, segment
from giddyup_watch.ingest.bulk import texts
from giddyup_watch.ingest.bulk.texts import Lines
from giddyup_watch.ingest.examine import SegmentPlan
from giddyup_watch.ingest.guards import Setting
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.ingest.plan import DayPlan
from giddyup_watch.model import LedgerRace, Reject, Rules, SegmentKey, SegmentStamp
from giddyup_watch.source import snapshot
from giddyup_watch.store.ledger import DayDecision, Decision

Shared = dict[tuple[SegmentKey, str], LedgerRace]


@dataclass(frozen=True, slots=True)
class Piece:
    """What is recorded of one segment. Its rows are among those of the month."""

    key: SegmentKey
    stamp: SegmentStamp
    decision: Decision
    outcome: Outcome
    days: list[DayDecision]
    rejects: list[Reject]


@dataclass(frozen=True, slots=True)
class Month:
    """What is written of a month, without the ids that only the database can give.

    `unusual` says why none of its segments may go this way. One that is not among the pieces
    cannot be read, or has nothing: what that means the ordinary way says.
    """

    keys: tuple[SegmentKey, ...]
    pieces: list[Piece] = field(default_factory=list)
    lines: Lines = field(default_factory=Lines)
    provenance: list[tuple[str, ...]] = field(default_factory=list)
    unusual: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where months are read, and by what rules."""

    master: Path
    rules: Rules
    orphan_seconds: float


class _UnusualError(Exception):
    """The month holds something that only rows compared with rows can decide."""


def prepare(source: Source, keys: Sequence[SegmentKey]) -> Month:
    """Read the segments, which come in the order of loading, and decide what to write."""
    draft = _Draft(source)
    try:
        for key in keys:
            draft.add(key)
    except _UnusualError as error:
        return Month(tuple(keys), unusual=str(error))
    if not draft.lines.races:
        return Month(tuple(keys), unusual="there is no race to load")
    return Month(tuple(keys), draft.pieces, draft.lines, list(draft.provenance()))


class _Draft:
    def __init__(self, source: Source) -> None:
        self.pieces: list[Piece] = []
        self.lines = Lines()
        self._source = source
        self._shared: defaultdict[dt.date, Shared] = defaultdict(dict)
        self._written: dict[tuple[dt.date, str], bytes] = {}

    def provenance(self) -> Iterator[tuple[str, ...]]:
        for shared in self._shared.values():
            yield from map(texts.provenance, shared.values())

    def add(self, key: SegmentKey) -> None:
        try:
            seen = snapshot.read(self._source.master, key)
            parsed, agrees = examine.parse(seen, self._source.orphan_seconds)
        except (NotReadyError, SegmentAbsentError, SegmentRefusedError):
            return
        undated = [reject for reject in parsed.rejects if reject.column is None]
        setting = Setting(key, self._source.rules, undated=undated)
        made = SegmentPlan(seen, parsed, setting, agrees, strays=bool(parsed.rejects))
        made.days = [self._plan(day, made) for day in sorted(parsed.days)]
        if made.needs_work:
            self._take(made)

    def _plan(self, date: dt.date, made: SegmentPlan) -> DayPlan:
        day = made.content.days[date]
        if plan.has_nothing(day):
            return plan.untouched(date, day, None)
        planned = plan.load(day, None, (), [*self._shared[date].values()], {}, made.setting)
        if planned.hand_over or planned.drop_races or planned.drop_runners or planned.withheld:
            raise _UnusualError(f"folders differ on who runs in a race of {date}")
        return planned

    def _take(self, made: SegmentPlan) -> None:
        working = [day for day in made.days if day.action != "skip"]
        effects = made.effects()
        races = [
            race
            for day in working
            if day.action == "load"
            for race in made.content.days[day.day].races.values()
        ]
        fresh = self._fresh(working)
        cleaned = self.lines.add(races, fresh, made.setting.rules.off_times)
        runners = sum(len(race.runners) for race in races if race.key in fresh)
        staged = [race for day in working for race in day.write]
        effects.races.inserted = len(fresh)
        effects.races.unchanged += len(staged) - len(fresh)
        effects.runners.inserted = runners
        effects.runners.unchanged += sum(len(race.runners) for race in staged) - runners
        effects.cells_cleaned = len(cleaned)
        effects.days = sum(day.action == "load" for day in working)
        for day in working:
            self._share(day)
        decision = segment.decide(made)
        self.pieces.append(
            Piece(
                key=made.setting.key,
                stamp=made.snapshot.stamp,
                decision=decision,
                outcome=segment.loaded(made, decision, effects, None),
                days=[load.decision(made, day) for day in working],
                rejects=load.rejected_lines(made, working) + cleaned,
            )
        )

    def _fresh(self, days: Sequence[DayPlan]) -> set[str]:
        """Return the keys of races that no folder before has; one that has must agree to a cell."""
        fresh: set[str] = set()
        for race in (race for day in days for race in day.write):
            at = (race.day, race.key)
            if at not in self._written:
                self._written[at] = race.digest
                fresh.add(race.key)
            elif self._written[at] != race.digest:
                raise _UnusualError(f"folders differ on the race {race.key} of {race.day}")
        return fresh

    def _share(self, day: DayPlan) -> None:
        shared = self._shared[day.day]
        for race in (*day.keep, *(replace(race, owned=False) for race in day.unseat)):
            shared[race.key, race.race_key] = race
