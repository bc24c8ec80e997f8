"""What the races of one day are judged by: whose they are, and what may be relied on. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from giddyup_watch.ingest import guards, ownership
from giddyup_watch.ingest.guards import Setting
from giddyup_watch.ingest.ownership import Verdict
from giddyup_watch.model import LedgerDay, LedgerRace, SegmentKey
from giddyup_watch.source.content import Day, Race


@dataclass(frozen=True, slots=True)
class Ground:
    """What the races of a day are judged by.

    `ours` are those that are ours to write, `claims` and `heirs` say which
    runners other segments' races have, and `runners` are those that our races
    then have. Unless `deletes`, nothing may be deleted from the day. When
    `stale`, what is stored may differ from what the races' digests say.
    """

    key: SegmentKey
    own: Sequence[LedgerRace]
    others: Sequence[LedgerRace]
    verdicts: Mapping[str, Verdict]
    ours: Mapping[str, Race]
    claims: frozenset[str]
    heirs: Mapping[str, LedgerRace]
    runners: frozenset[str]
    deletes: bool
    stale: bool

    @classmethod
    def of(
        cls,
        day: Day,
        ledger: LedgerDay | None,
        own: Sequence[LedgerRace],
        others: Sequence[LedgerRace],
        setting: Setting,
    ) -> Self:
        key, races = setting.key, day.races
        verdicts = {name: ownership.decide(key, race, others) for name, race in races.items()}
        ours = {name: race for name, race in races.items() if verdicts[name].owner is None}
        claims = ownership.claims(key, ours, others)
        return cls(
            key=key,
            own=own,
            others=others,
            verdicts=verdicts,
            ours=ours,
            claims=claims,
            heirs=ownership.heirs(others, ours),
            runners=guards.runner_keys(ours.values()) - claims,
            deletes=setting.rules.vanished_rows == "delete"
            and not guards.has_rejects(day, setting),
            stale=guards.stale(ledger, setting),
        )
