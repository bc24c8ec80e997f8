"""Decide what has to become of one day of a segment. Pure: values in, a plan out.

The rules are those under "What decides" in the contract: content decides, a
race has one owner, what vanished is deleted unless that looks like an accident.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from giddyup_watch.ingest import guards, ownership
from giddyup_watch.ingest.ground import Ground
from giddyup_watch.ingest.guards import Setting, Standing
from giddyup_watch.model import Effects, LedgerDay, LedgerRace, SegmentKey
from giddyup_watch.source.content import Day, Race

Action = Literal["skip", "load", "hold", "absent", "drop"]


@dataclass(slots=True)
class DayPlan:
    """What to do with one day; empty lists where there is nothing to do.

    `write` are the races to stage, `withheld` runner keys among them that
    another segment's race has first claim to. `keep` and `forget` are rows of
    the segment's own provenance, `hand_over` and `unseat` of others'.
    """

    day: dt.date
    action: Action
    reason: str = ""
    digest: bytes | None = None
    rules: str = ""
    held: bytes | None = None
    accepted: Sequence[str] = ()
    write: list[Race] = field(default_factory=list)
    withheld: set[str] = field(default_factory=set)
    keep: list[LedgerRace] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)
    drop_races: list[str] = field(default_factory=list)
    drop_runners: list[str] = field(default_factory=list)
    hand_over: dict[tuple[SegmentKey, str], LedgerRace] = field(default_factory=dict)
    unseat: list[LedgerRace] = field(default_factory=list)
    effects: Effects = field(default_factory=Effects)

    def hand(self, heir: LedgerRace, runners: Iterable[str]) -> None:
        """Make `heir` the owner, answerable for `runners` too, and due to be written again."""
        at = (heir.key, heir.race_key)
        self.hand_over[at] = ownership.inherit(self.hand_over.get(at, heir), runners)


def settled(day: Day | None, ledger: LedgerDay | None, setting: Setting) -> bool:
    """Whether the day's content is what is loaded, or what was decided of it stands."""
    if ledger is None:
        return day is not None and has_nothing(day)
    if setting.force:
        return False
    if day is None or has_nothing(day):
        return ledger.state == "absent" and "shrink" not in setting.accept
    same = ledger.digest == day.digest and not guards.stale(ledger, setting)
    if same and ledger.state == "loaded":
        return True
    return ledger.held == guards.hold_token(day, setting) and not setting.accept


def has_nothing(day: Day) -> bool:
    """Whether the file has only superseded lines of the day: not even a rejected one."""
    return not (day.races or day.rejects)


def untouched(date: dt.date, day: Day | None, ledger: LedgerDay | None) -> DayPlan:
    """Plan a settled day: nothing to do, every line accounted for."""
    plan = DayPlan(date, "skip")
    if day is not None:
        account(plan.effects, day)
    if ledger is None:
        return plan
    plan.reason, plan.held = ledger.reason, ledger.held
    if day is not None and ledger.state == "held":
        _account_held(plan, day)
    elif day is not None and ledger.state == "loaded":
        races, runners = plan.effects.races, plan.effects.runners
        races.duplicate += ledger.copies
        runners.duplicate += ledger.copied_runners
        races.unchanged = len(day.races) - ledger.copies
        runners.unchanged = day.runners - ledger.copied_runners
    return plan


def vanished(
    date: dt.date,
    day: Day | None,
    own: Sequence[LedgerRace],
    others: Sequence[LedgerRace],
    setting: Setting,
) -> DayPlan:
    """Plan a day of which the files hold nothing any more.

    Races that another segment holds pass to it. What is left is deleted only
    when somebody accepted that; else the day is absent and its rows stay.
    """
    passed, lost = ownership.inherited(own, others)
    if lost and "shrink" not in setting.accept:
        plan = DayPlan(date, "absent", f"its {len(lost)} races are no longer in the files")
        plan.forget = [race.race_key for race, _ in passed]
    else:
        plan = DayPlan(date, "drop", forget=[race.race_key for race in own])
        _delete(plan, lost, frozenset(), ownership.heirs(others, ()))
    _pass_on(plan, passed)
    if day is not None:
        account(plan.effects, day)
    return plan


def load(
    day: Day,
    ledger: LedgerDay | None,
    own: Sequence[LedgerRace],
    others: Sequence[LedgerRace],
    standing: Mapping[str, Standing],
    setting: Setting,
) -> DayPlan:
    """Plan a day whose content differs from what was loaded.

    `own` and `others` are the provenance of that day, of this segment and of
    all others; `standing` describes the races of `own` in the database.
    """
    ground = Ground.of(day, ledger, own, others, setting)
    gone = [race for race in own if race.race_key not in day.races]
    passed, lost = ownership.inherited(gone, others)
    objections = {"rejects": guards.over_budget(day, setting)}
    if ground.deletes:
        objections["shrink"] = guards.shrunk(day, ground.ours, own, lost, standing, setting)
    objections = {name: said for name, said in objections.items() if said}
    for name in sorted(objections.keys() - _accepted(day, ledger, setting)):
        return _hold(day, ledger, f"{name}: {objections[name]}", setting)
    plan = DayPlan(day.day, "load", accepted=sorted(objections), digest=day.digest)
    account(plan.effects, day)
    _pass_on(plan, passed)
    stay = set() if ground.deletes else {race.race_key for race in lost}
    plan.forget = [race.race_key for race in gone if race.race_key not in stay]
    plan.keep = [ownership.left_behind(race) for race in lost if race.race_key in stay]
    leftovers = _place_races(plan, day, ground)
    if ground.deletes:
        _delete(plan, lost, ground.runners, ground.heirs)
    plan.rules = "" if leftovers or stay else setting.rules.fingerprint
    return plan


def _accepted(day: Day, ledger: LedgerDay | None, setting: Setting) -> frozenset[str]:
    """Return what is accepted for this content, now or since it was loaded."""
    before = ledger.accepted if ledger is not None and ledger.digest == day.digest else ()
    return setting.accept | frozenset(before)


def _hold(day: Day, ledger: LedgerDay | None, reason: str, setting: Setting) -> DayPlan:
    plan = DayPlan(day.day, "hold", reason, held=guards.hold_token(day, setting))
    if ledger is not None:
        plan.digest, plan.rules, plan.accepted = ledger.digest, ledger.rules, ledger.accepted
    account(plan.effects, day)
    _account_held(plan, day)
    return plan


def _place_races(plan: DayPlan, day: Day, ground: Ground) -> bool:
    """Sort the day's races into written, unchanged and duplicate.

    Returns whether runners stay in the database that the file lacks.
    """
    mine = {race.race_key: race for race in ground.own}
    leftovers = False
    for race in day.races.values():
        before = mine.get(race.key)
        verdict = ground.verdicts[race.key]
        row = ownership.found(ground.key, race, verdict)
        if verdict.owner is not None:
            _leave(plan, race, before, verdict.owner)
        else:
            plan.unseat += verdict.unseated
            same = before is not None and before.owned and before.digest == race.digest
            _write(plan, race, ground.claims, unchanged=same and not ground.stale)
            written = ownership.previous_runners(race.key, ground.own, ground.others)
            gone = written - ground.runners
            stay = set() if ground.deletes else gone - ground.heirs.keys()
            _drop_runners(plan, sorted(gone - stay), ground.heirs)
            if stay:
                leftovers = True
                row = ownership.with_leftovers(row, stay)
        if row != before:
            plan.keep.append(row)
    return leftovers


def _leave(plan: DayPlan, race: Race, before: LedgerRace | None, owner: LedgerRace) -> None:
    """Count a copy of a race that another segment owns; hand it over when it was ours."""
    plan.effects.races.duplicate += 1
    plan.effects.runners.duplicate += len(race.runners)
    if before is not None and before.owned:
        plan.hand(owner, before.runner_keys)
    elif not owner.owned:
        plan.hand(owner, ())


def _write(plan: DayPlan, race: Race, claims: frozenset[str], *, unchanged: bool) -> None:
    withheld = claims.intersection(race.runner_keys)
    plan.effects.runners.duplicate += len(withheld)
    if unchanged:
        plan.effects.races.unchanged += 1
        plan.effects.runners.unchanged += len(race.runners) - len(withheld)
        return
    plan.write.append(race)
    plan.withheld |= withheld


def _pass_on(plan: DayPlan, passed: Iterable[tuple[LedgerRace, LedgerRace]]) -> None:
    for race, heir in passed:
        plan.hand(heir, race.runner_keys)


def _delete(
    plan: DayPlan,
    lost: Iterable[LedgerRace],
    moved: frozenset[str],
    heirs: Mapping[str, LedgerRace],
) -> None:
    """Delete lost races that were ours to write, and their runners unless they moved."""
    for race in lost:
        if race.owned:
            plan.drop_races.append(race.race_key)
            _drop_runners(plan, (key for key in race.runner_keys if key not in moved), heirs)


def _drop_runners(plan: DayPlan, gone: Iterable[str], heirs: Mapping[str, LedgerRace]) -> None:
    """Delete runners, except those that another segment's race names: that one writes them."""
    for key in gone:
        heir = heirs.get(key)
        if heir is None:
            plan.drop_runners.append(key)
        else:
            plan.hand(heir, ())


def account(effects: Effects, day: Day) -> None:
    """Count the lines whose fate the file alone decides: rejected and superseded ones."""
    for table, counts in (("races", effects.races), ("runners", effects.runners)):
        counts.rejected += sum(r.table == table and r.column is None for r in day.rejects)
    effects.races.duplicate += day.duplicates["races"]
    effects.runners.duplicate += day.duplicates["runners"]


def _account_held(plan: DayPlan, day: Day) -> None:
    plan.effects.races.held = len(day.races)
    plan.effects.runners.held = day.runners
