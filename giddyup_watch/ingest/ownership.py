"""Which folder a race belongs to. Pure, and independent of the order of loading.

A race (key and date) that lies in several folders is owned by one: the folder
named as its type, else the folder of its code, else the first by name. Runners
that two different races claim go to the folder that sorts first.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace

from giddyup_watch import model
from giddyup_watch.model import LedgerRace, SegmentKey
from giddyup_watch.source.content import Race

NAMED_AS_TYPE, CODE_OF_TYPE, ANY_FOLDER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who owns a race. `owner` is another segment's copy, or None when it is ours.

    `unseated` are copies of other segments that lose the race to ours.
    """

    rank: int
    owner: LedgerRace | None
    unseated: tuple[LedgerRace, ...] = ()


def rank(code: str, race_type: str) -> int:
    """Return the claim of a folder named `code` to a race; the lowest wins."""
    if code == race_type.lower():
        return NAMED_AS_TYPE
    return CODE_OF_TYPE if code == model.code_of(race_type) else ANY_FOLDER


def decide(key: SegmentKey, race: Race, others: Sequence[LedgerRace]) -> Verdict:
    """Decide between the copy of `race` in segment `key` and those of `others`."""
    claim = rank(key.code, race.race_type)
    rivals = [o for o in others if o.race_key == race.key]
    present = [o for o in rivals if o.on_disk]
    best = min(present, key=_precedence, default=None)
    if best is not None and _precedence(best) < (claim, key.region, key.code):
        return Verdict(claim, best)
    return Verdict(claim, None, tuple(o for o in rivals if o.owned))


def found(key: SegmentKey, race: Race, verdict: Verdict) -> LedgerRace:
    """Return the provenance of a race as it stands in the file."""
    return LedgerRace(
        key=key,
        day=race.day,
        race_key=race.key,
        digest=race.digest,
        rank=verdict.rank,
        owned=verdict.owner is None,
        in_file=True,
        runner_keys=tuple(sorted(race.runner_keys)),
    )


def with_leftovers(row: LedgerRace, gone: Iterable[str]) -> LedgerRace:
    """Note runners that stay in the database although the file lacks them."""
    return replace(row, digest=None, runner_keys=tuple(sorted({*row.runner_keys, *gone})))


def left_behind(row: LedgerRace) -> LedgerRace:
    """Note a race that stays in the database although the file lacks it."""
    return replace(row, digest=None, in_file=False)


def inherit(heir: LedgerRace, runners: Iterable[str]) -> LedgerRace:
    """Return `heir` as the owner of its race, answerable for `runners` in the database too."""
    keys = tuple(sorted({*heir.runner_keys, *runners}))
    return replace(heir, owned=True, digest=None, runner_keys=keys)


def inherited(
    gone: Sequence[LedgerRace], others: Sequence[LedgerRace]
) -> tuple[list[tuple[LedgerRace, LedgerRace]], list[LedgerRace]]:
    """Split races that left a file: pairs of race and heir, and those that nobody holds.

    A copy that we did not own, of a race that somebody holds, is neither.
    """
    passed: list[tuple[LedgerRace, LedgerRace]] = []
    lost: list[LedgerRace] = []
    for race in gone:
        copies = [o for o in others if o.race_key == race.race_key and o.on_disk]
        if not copies:
            lost.append(race)
        elif race.owned:
            passed.append((race, min(copies, key=_precedence)))
    return passed, lost


def previous_runners(
    race_key: str, own: Sequence[LedgerRace], others: Sequence[LedgerRace]
) -> set[str]:
    """Return the runner keys that were written for a race, by whoever owned it."""
    return {
        runner
        for race in (*own, *others)
        if race.race_key == race_key and race.owned
        for runner in race.runner_keys
    }


def claims(key: SegmentKey, ours: Container[str], others: Sequence[LedgerRace]) -> frozenset[str]:
    """Return runner keys that a race of a folder sorting before `key` has claim to.

    `ours` are the keys of races that `key` owns from now on.
    """
    return frozenset(
        runner
        for other in others
        if other.owned
        and other.in_file
        and other.race_key not in ours
        and (other.key.region, other.key.code) < (key.region, key.code)
        for runner in other.runner_keys
    )


def heirs(others: Sequence[LedgerRace], ours: Container[str]) -> dict[str, LedgerRace]:
    """Map runner keys of races that other segments own to the copy with the first claim.

    `ours` are the keys of races that are not theirs from now on.
    """
    return {
        runner: other
        for other in sorted(others, key=lambda race: race.key, reverse=True)
        if other.owned and other.in_file and other.race_key not in ours
        for runner in other.runner_keys
    }


def _precedence(race: LedgerRace) -> tuple[int, str, str]:
    return (race.rank, race.key.region, race.key.code)
