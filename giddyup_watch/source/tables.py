"""One CSV of a segment: its lines as cells in our order."""

from collections.abc import Iterator
from operator import itemgetter

from giddyup_watch.errors import SegmentRefusedError, SegmentUnfinishedError
from giddyup_watch.model import SegmentKey, Table
from giddyup_watch.source import cells, headers, records
from giddyup_watch.source.records import Line

MAX_LINES = 100_000  # of one file; a busy month has 8,500 runners


class TableFile:
    """Reads the header at once and the lines when iterated; counts data lines and distinct keys."""

    def __init__(self, table: Table, key: SegmentKey, name: str, data: bytes) -> None:
        self.table: Table = table
        self.key = key
        self.lines = 0
        self.keys: set[str] = set()
        self._title = f"{key}: {name}"
        self._reader = records.Reader(data)
        self.columns = self._columns()
        self._key_at = cells.position(table, f"{table[:-1]}_key")

    @property
    def cut_short(self) -> bool:
        """Whether the file ends inside a line; known once all lines were taken."""
        return self._reader.cut_short

    def _columns(self) -> headers.Columns:
        header = self._reader.header
        if header is None or self._reader.cut_short:
            raise SegmentUnfinishedError(f"{self._title} ends before its header does")
        try:
            return headers.read(self.table, header)
        except headers.HeaderError as error:
            raise SegmentRefusedError(f"{self._title}: {error}") from error

    def __iter__(self) -> Iterator[tuple[Line, tuple[str, ...]]]:
        """Give each data line with its cells, stripped, "" for what means NULL.

        A line with a problem comes without cells.
        """
        pick = itemgetter(*self.columns.at)
        nulls = frozenset(cells.NULLS) - {""}
        replace = dict.fromkeys(cells.NULLS, "").get
        for line in self._reader:
            self.lines += 1
            if self.lines > MAX_LINES:
                raise SegmentRefusedError(f"{self._title} has more than {MAX_LINES:,} lines")
            if line.problem:
                yield line, ()
                continue
            # The "" behind the last field is what a missing column reads.
            row = tuple(map(str.strip, pick([*line.fields, ""])))
            if not nulls.isdisjoint(row):
                row = tuple(map(replace, row, row))
            if key := row[self._key_at]:
                self.keys.add(key)
            yield line, row

    def guess_keys(self, line: Line) -> set[str]:
        """What may be the key of a line with a problem: fields may lack before it or behind it."""
        at = self.columns.at[self._key_at]
        places = {at, len(line.fields) - self.columns.width + at}
        return {line.fields[n].strip() for n in places if 0 <= n < len(line.fields)}
