"""What a look at the whole tree adds to the events: changes, and which of them nobody told of."""

from collections.abc import Mapping
from dataclasses import dataclass

from giddyup_watch.model import SegmentKey, SegmentStamp
from giddyup_watch.source import layout

_EMPTY = frozenset[SegmentKey]()


@dataclass(frozen=True, slots=True)
class Found:
    """`untold`: changed since the look before, and no event has said so yet.

    `missed`: untold at the look before, and still no event: there will be none.
    """

    untold: frozenset[SegmentKey] = _EMPTY
    missed: frozenset[SegmentKey] = _EMPTY


class Census:
    """The stamps of all segments at the last look. Times are seconds since the epoch.

    Events and looks are compared by the clock of the files: a change is told
    when an event of its segment came at its ctime or later. Whatever an event
    made the ingester read was read after that event.
    """

    def __init__(self) -> None:
        self._stamps: dict[SegmentKey, SegmentStamp] | None = None
        self._looked_at = 0.0
        self._untold = _EMPTY

    def __len__(self) -> int:
        return len(self._stamps or ())

    def compare(
        self,
        segments: Mapping[SegmentKey, SegmentStamp],
        told: Mapping[SegmentKey, float],
        now: float,
    ) -> Found:
        """Take a look made at `now` as the new state; the first one finds nothing.

        `told`: when the last event of a segment came.
        """
        before, after = self._stamps, layout.present(segments)
        self._stamps = after
        if before is None:
            self._looked_at = now
            return Found()
        missed = frozenset(k for k in self._untold if told.get(k, 0.0) < self._looked_at)
        changed = () if before == after else before.keys() | after.keys()
        untold = frozenset(
            key
            for key in changed
            if before.get(key) != after.get(key)
            and told.get(key, 0.0) < self._changed_after(after.get(key))
        )
        self._looked_at, self._untold = now, untold
        return Found(untold, missed)

    def forgive(self) -> None:
        """Nobody was there to tell of what the last look found: it was not missed."""
        self._untold = _EMPTY

    def _changed_after(self, stamp: SegmentStamp | None) -> float:
        """What is gone left no time of its own: it went after the look that still saw it."""
        return self._looked_at if stamp is None else stamp.changed_at


def newest_manifests(segments: Mapping[SegmentKey, SegmentStamp]) -> dict[tuple[str, str], float]:
    """When a manifest last changed, by region and code."""
    newest: dict[tuple[str, str], float] = {}
    for key, stamp in segments.items():
        if stamp.manifest is not None:
            folder = (key.region, key.code)
            newest[folder] = max(newest.get(folder, 0.0), stamp.manifest.mtime_ns / 1e9)
    return newest
