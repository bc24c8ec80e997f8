"""Whether stored rows are those of the files, by digests: no row travels."""

from giddyup_watch.explain.encode import Encoder
from giddyup_watch.explain.month import Month
from giddyup_watch.explain.proof import DayProof
from giddyup_watch.model import SegmentKey
from giddyup_watch.source.content import Day, Race


class Digests:
    """Compares a segment with what the database holds of its month; the encoder knows its names."""

    def __init__(self, key: SegmentKey, encoder: Encoder, month: Month) -> None:
        self._key = key
        self._encoder = encoder
        self._month = month

    def equal(self, day: Day, proof: DayProof) -> bool:
        """Whether provenance and digests of the day are those of its file."""
        owned = self._month.owned(self._key, day)
        if owned is None or not all(self.same(day.races[name]) for name in owned):
            return False
        proof.races.compared = len(owned)
        proof.runners.compared = sum(len(day.races[name].runners) for name in owned)
        return True

    def same(self, race: Race) -> bool:
        stored = self._month.races.get((race.day, race.key))
        if stored is None or stored.digest != self._encoder.race(self._key, race):
            return False
        field = self._month.fields.get((stored.race_id, race.day))
        if field is None:
            return not race.runners
        return field.runners == len(race.runners) and field.digest == self._encoder.runners(race)
