"""Which months go at once, and the turn they take."""

import dataclasses
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from giddyup_watch.errors import DatabaseBusyError, PermanentError, PermissionDeniedError
from giddyup_watch.ingest.bulk import month, write
from giddyup_watch.ingest.bulk.month import Month, Source
from giddyup_watch.ingest.bulk.names import Names
from giddyup_watch.ingest.bulk.reader import Reader
from giddyup_watch.ingest.examine import Request
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import SegmentKey, newest_first
from giddyup_watch.source import snapshot
from giddyup_watch.store import connection, months

Take = Callable[[], SegmentKey | None]
Ahead = Callable[[], Iterable[SegmentKey]]

#: Months to come from which on it is worth to start a process that reads them: 0.3 s.
_WORTH_A_READER = 3


class Months:
    """The segments of one turn, those of a month together where they can go at once."""

    def __init__(self, session: Session, request: Request, take: Take, ahead: Ahead) -> None:
        self._session = session
        self._take = take
        self._ahead = ahead
        self._kept: deque[SegmentKey] = deque()
        self._source = Source(session.master, session.rules, session.orphan_seconds)
        self._names = Names()
        self._reader: Reader | None = None
        self._asked = request.days is not None or request.force or bool(request.accept)
        self._alone: dict[str, str] = {}

    def take(self) -> SegmentKey | None:
        """Return the next segment: one that was taken for its month but not loaded comes first."""
        return self._kept.popleft() if self._kept else self._take()

    def alone(self, key: SegmentKey) -> str:
        """Say why the segment is not loaded with its month; "" as long as it may be."""
        if self._asked:
            return "days, force or accept were asked for"
        if key.month not in self._alone:
            self._alone[key.month] = months.obstacle(self._session.conn, key.first_day) or ""
        return self._alone[key.month]

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def load(self, key: SegmentKey, open_run: Callable[[SegmentKey], int]) -> list[Outcome]:
        """Load the month of a segment that was taken, and say what became of its segments.

        Empty when the month has to go the ordinary way, of which `alone` says why. Those
        of it that are not in the answer are given by `take`.
        """
        if self.alone(key):
            return []
        coming = list(itertools.takewhile(lambda one: one.month == key.month, self._next()))
        if not self._worth([key, *coming]):
            least = self._session.month_bytes // 1024
            self._alone[key.month] = f"the runners of its month have less than {least} KiB"
            return []
        self._alone[key.month] = "the others of its month were loaded before"
        keys = self._together(key, len(coming))
        outcomes = self._load(keys, open_run)
        done = {outcome.key for outcome in outcomes} or {key}
        self._kept.extendleft(one for one in reversed(keys) if one not in done)
        return outcomes

    def _worth(self, keys: Iterable[SegmentKey]) -> bool:
        stamps = snapshot.stamps(self._session.master, keys).values()
        sizes = (stamp.runners.size for stamp in stamps if stamp.runners is not None)
        return sum(sizes) >= self._session.month_bytes

    def _next(self) -> Iterator[SegmentKey]:
        """Give what comes, without taking it: who is told to stop leaves that to others."""
        return itertools.chain(self._kept, self._ahead())

    def _together(self, key: SegmentKey, others: int) -> list[SegmentKey]:
        """Take so many more segments of the key's month."""
        found = [key]
        for _ in range(others):
            other = self.take()
            if other is None:
                break
            if other.month != key.month or other in found:  # the order has changed meanwhile
                self._kept.appendleft(other)
                break
            found.append(other)
        return sorted(found, key=newest_first)

    def _load(
        self, keys: Sequence[SegmentKey], open_run: Callable[[SegmentKey], int]
    ) -> list[Outcome]:
        began = time.monotonic()
        made = self._read(keys)
        if made.unusual:
            self._alone[keys[0].month] = made.unusual
            return []
        run_ids = [open_run(piece.key) for piece in made.pieces]
        conn = self._session.conn
        try:
            with connection.transaction(conn):
                outcomes = write.write(conn, self._names, made, run_ids[0])
        except (DatabaseBusyError, PermanentError, PermissionDeniedError) as error:
            self._names.forget()
            self._alone[keys[0].month] = f"its month was refused: {error.message}"
            return []
        return _shared_out(outcomes, time.monotonic() - began)

    def _read(self, keys: Sequence[SegmentKey]) -> Month:
        made = self._reader.get(keys) if self._reader is not None else None
        self._read_ahead()
        if made is None or self._is_old(made):
            return month.prepare(self._source, keys)
        return made

    def _is_old(self, made: Month) -> bool:
        """Whether files changed since they were read: who noticed has told of it before."""
        stamps = snapshot.stamps(self._session.master, made.keys)
        return any(stamps[piece.key] != piece.stamp for piece in made.pieces)

    def _read_ahead(self) -> None:
        coming = self._coming()
        if self._reader is None and len(coming) >= _WORTH_A_READER:
            self._reader = Reader(self._source)
        reader = self._reader
        if reader is not None:
            for keys in coming:
                if reader.room and not reader.asked(keys):
                    reader.ask(keys)

    def _coming(self) -> list[list[SegmentKey]]:
        """Return the next months that are likely to go at once."""
        by_month: dict[str, list[SegmentKey]] = {}
        for key in self._next():
            of_month = by_month.get(key.month)
            if of_month is not None:
                of_month.append(key)
            elif len(by_month) > _WORTH_A_READER:
                break
            elif not self.alone(key):
                by_month[key.month] = [key]
        return [sorted(keys, key=newest_first) for keys in by_month.values()][:_WORTH_A_READER]


def _shared_out(outcomes: Iterable[Outcome], seconds: float) -> list[Outcome]:
    """Give each segment its share of the time that they took together, by their bytes."""
    outcomes = list(outcomes)
    total = sum(outcome.effects.bytes for outcome in outcomes)
    return [
        dataclasses.replace(outcome, seconds=seconds * outcome.effects.bytes / total)
        for outcome in outcomes
    ]
