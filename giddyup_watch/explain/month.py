"""What the database holds of one month, or a day of it: row digests and provenance."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping

from giddyup_watch import model
from giddyup_watch.model import LedgerRace, SegmentKey, Table
from giddyup_watch.source.content import Day
from giddyup_watch.store import rowdigests
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.rowdigests import Claim, StoredRace

Folder = tuple[str, str]
Claims = dict[str, Claim]
Foreign = defaultdict[Folder, defaultdict[dt.date, Counter[Table]]]


class Month:
    """The month that `key` is of, all segments; with `day` no more of it than that."""

    def __init__(self, conn: Connection, key: SegmentKey, day: dt.date | None = None) -> None:
        self.name = key.month
        races = rowdigests.races(conn, key, day)
        self.races = {(race.day, race.race_key): race for race in races}
        self.fields = rowdigests.fields(conn, key, day)
        self._claims: defaultdict[tuple[str, str, dt.date], Claims] = defaultdict(dict)
        self._owners: Counter[tuple[dt.date, str]] = Counter()
        for claim in rowdigests.claims(conn, key, day):
            self._claims[claim.region, claim.code, claim.day][claim.race_key] = claim
            self._owners[claim.day, claim.race_key] += claim.owned
        self._foreign = self._find_foreign(races)
        self._add_orphans(conn, key)
        self._unclaimed = set(rowdigests.unclaimed_days(conn, key))

    def claims(self, key: SegmentKey, day: dt.date) -> Claims:
        """The segment's provenance of a day, by race key."""
        return self._claims.get((key.region, key.code, day), {})

    def owns(self, race: LedgerRace) -> bool:
        """Whether that folder's copy of the race is the one written now."""
        return self.claims(race.key, race.day)[race.race_key].owned

    def race_ids(self, key: SegmentKey, day: dt.date) -> list[int]:
        """The segment's own races of a day, as far as they are stored."""
        owned = (claim.race_key for claim in self.claims(key, day).values() if claim.owned)
        found = (self.races.get((day, race_key)) for race_key in owned)
        return [race.race_id for race in found if race is not None]

    def owned(self, key: SegmentKey, day: Day) -> list[str] | None:
        """Keys of the day's races that are the segment's to write.

        None unless its provenance says of each race and runner in the file, and
        of nothing else, what became of it.
        """
        claims = self.claims(key, day.day)
        if claims.keys() != day.races.keys():
            return None
        for race_key, race in day.races.items():
            if claims[race_key].digest != race.digest or self._owners[day.day, race_key] != 1:
                return None
        return [race_key for race_key, claim in claims.items() if claim.owned]

    def foreign(self, key: SegmentKey) -> Mapping[dt.date, Counter[Table]]:
        """Races that no folder claims, by the code of their type, and their runners."""
        return self._foreign.get((key.region.lower(), key.code), {})

    def unclaimed(self, key: SegmentKey) -> list[dt.date]:
        """Days in `racing.ingested_days` that the ledger does not know."""
        folder = (key.region, key.code)
        return sorted(day for *of, day in self._unclaimed if tuple(of) == folder)

    def _find_foreign(self, races: list[StoredRace]) -> Foreign:
        found: Foreign = defaultdict(lambda: defaultdict(Counter))
        for race in races:
            if (race.day, race.race_key) not in self._owners:
                counts = found[race.region, model.code_of(race.race_type)][race.day]
                counts["races"] += 1
                field = self.fields.get((race.race_id, race.day))
                counts["runners"] += field.runners if field else 0
        return found

    def _add_orphans(self, conn: Connection, key: SegmentKey) -> None:
        """Count runners of others without a race: to the first folder that has races that day."""
        known = {(race.race_id, race.day) for race in self.races.values()}
        orphans = {race_id for race_id, _ in self.fields.keys() - known}
        strangers = rowdigests.foreign_runners(conn, key, orphans) if orphans else {}
        for day, count in strangers.items():
            folders = [(region, code) for region, code, claimed in self._claims if claimed == day]
            if folders:
                self._foreign[min(folders)][day]["runners"] += count
