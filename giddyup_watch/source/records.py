"""Bytes of a CSV file to records, each with the number of its first physical line.

A damaged line costs that line and no other: a quote that was never closed
must not swallow the rows behind it.
"""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

MAX_RECORD_BYTES = 2**16  # a long comment has 1 KB; csv's own limit for a field is twice this
MAX_RECORD_LINES = 16  # how far a quoted field may reach; looking further makes damage quadratic
SHOWN = 200  # characters of a rejected line that are kept
_PLAIN_BYTES = 2**23  # read at once, cells included: twice a busy month, 30 MB
_BYTES_OF_A_CHARACTER = 4  # at most, in UTF-8
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One record. With a problem its fields are only what can be shown of it."""

    number: int
    fields: list[str]
    problem: str = ""

    @property
    def text(self) -> str:
        return ",".join(self.fields)[:SHOWN]


class Reader:
    """Records of one file. `header` is its first line, None in a file without any.

    Iterating gives every line that is not blank; afterwards `cut_short` says
    whether the file ends inside a line or inside a quoted field.
    """

    def __init__(self, data: bytes) -> None:
        self.cut_short = False
        self._file = io.BytesIO(data)
        if data.startswith(_BOM):
            self._file.seek(len(_BOM))
        self._number = 0
        self._width = 0
        self._source = _Lines(self._file)
        self._csv = csv.reader(self._source, strict=True)
        self.header = next(iter(self), None)
        if self.header is not None:
            self._width = len(self.header.fields)

    def __iter__(self) -> Iterator[Line]:
        for fields in self._records():
            self._number += 1
            yield Line(self._number, fields)
        while raw := self._file.readline():
            self._number += 1
            if not raw.isspace():
                yield self._line(raw)

    def _records(self) -> list[list[str]]:
        """Take all that is left, when every line of it is a record that nothing can be said of."""
        at = self._file.tell()
        found = _plain(self._file.read(), self._width) if self._width > 1 else None
        if found is None:
            self._file.seek(at)
        return found or []

    def _line(self, raw: bytes) -> Line:
        number = self._number
        if not raw.endswith(b"\n"):
            self.cut_short = True
            return _bad(number, raw, "no newline at its end: may be cut")
        try:
            text = _text(raw)
        except ValueError as error:
            return _bad(number, raw, str(error))
        if '"' in text or "\r" in text:
            return self._quoted(number, raw, text)
        fields = text.split(",")
        if self._width not in (0, len(fields)):
            return _bad(number, raw, self._miscounted(fields))
        return Line(number, fields)

    def _quoted(self, number: int, raw: bytes, text: str) -> Line:
        """Let csv read the record, which may reach into lines that follow."""
        behind = self._file.tell()
        self._source.begin(text)
        try:
            fields = next(self._csv)
        except csv.Error as error:
            problem = self._source.ended or f"not CSV: {str(error).partition(' - ')[0]}"
        else:
            if self._width in (0, len(fields)):
                self._number += self._source.taken - 1
                return Line(number, fields)
            problem = self._miscounted(fields)
        self.cut_short |= self._source.hit_end
        self._file.seek(behind)
        return _bad(number, raw, problem)

    def _miscounted(self, fields: list[str]) -> str:
        return f"{len(fields)} fields where the header has {self._width}"


class _Lines:
    """What csv.reader reads a record from: a line, and those behind it as far as is allowed."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file
        self.begin("")

    def begin(self, text: str) -> None:
        self._first = text
        self._bytes = len(text)
        self.taken = 0
        self.ended = ""  # why no more lines were given
        self.hit_end = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        text = self._follow() if self.taken else self._first
        self.taken += 1
        return text + "\n"

    def _follow(self) -> str:
        raw = self._file.readline()
        self._bytes += len(raw)
        if not raw.endswith(b"\n"):
            self.hit_end = True
            self._stop("a quoted field is not closed before the end of the file")
        if self.taken == MAX_RECORD_LINES or self._bytes > MAX_RECORD_BYTES:
            self._stop(f"a quoted field is not closed within {MAX_RECORD_LINES} lines")
        try:
            return _text(raw)
        except ValueError as error:
            self._stop(f"a quoted field reaches into a line with {error}")

    def _stop(self, reason: str) -> NoReturn:
        self.ended = reason
        raise StopIteration


def _plain(data: bytes, width: int) -> list[list[str]] | None:
    """Return the records of lines that all are one each, of this width; else None.

    A busy month is read in half the time that its lines take one by one.
    """
    if len(data) > _PLAIN_BYTES or b"\r" in data or b"\0" in data or not data.endswith(b"\n"):
        return None
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        return None
    del data, lines[-1]
    if max(map(len, lines)) * _BYTES_OF_A_CHARACTER > MAX_RECORD_BYTES:
        return None
    records: list[list[str]] = []
    try:
        for fields in csv.reader(lines, strict=True):
            if len(fields) != width:
                return None
            records.append(fields)
    except csv.Error:
        return None
    return records if len(records) == len(lines) else None


def _text(raw: bytes) -> str:
    """Decode a line without its end; ValueError says what is wrong with it."""
    if len(raw) > MAX_RECORD_BYTES:
        raise ValueError(f"more than {MAX_RECORD_BYTES:,} bytes")
    if b"\0" in raw:
        raise ValueError("a NUL byte")
    try:
        return raw[: -2 if raw.endswith(b"\r\n") else -1].decode()
    except UnicodeDecodeError as error:
        raise ValueError("bytes that are not UTF-8") from error


def _bad(number: int, raw: bytes, problem: str) -> Line:
    """Show what can be shown of a line; its fields are only a guess."""
    text = raw[:MAX_RECORD_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")
    return Line(number, text.rstrip("\r\n").split(","), problem)
