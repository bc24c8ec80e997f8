"""`manifest.json`: the commit mark of a month."""

import datetime as dt
import json
import re
from dataclasses import dataclass

from giddyup_watch.model import SegmentKey

_MAX_COUNT = 2**31 - 1  # rows; what the database's int4 holds
_MAX_TIMESTAMP = 64  # characters
#: Racecards are out two days ahead. Who claims later days has not looked.
AHEAD = dt.timedelta(days=2)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ManifestError(ValueError):
    """The manifest cannot be read; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the writer claims. `processed_dates` holds only real dates, once each, in order.

    `impossible`: it claims dates that do not exist. `by_batch`: it records its
    batches, as the main writer does.
    """

    race_count: int
    runner_count: int
    processed_dates: tuple[dt.date, ...]
    last_updated: str
    impossible: bool = False
    by_batch: bool = True

    def vouched(self, key: SegmentKey) -> frozenset[dt.date]:
        """Days of the month that were processed, as far as the claim can be believed.

        There is a writer that claims the days 01 to 31 whatever the month and
        whatever it found. The main writer claims every day of a month too, one
        after the other.
        """
        days = frozenset(filter(key.holds, self.processed_dates))
        whole = len(days) == (key.next_month - key.first_day).days
        return frozenset() if self.impossible or (whole and not self.by_batch) else days


def parse(data: bytes) -> Manifest:
    """Read the counts, and of the rest what is readable; raise ManifestError without counts."""
    document = _document(data)
    return Manifest(
        race_count=_count(document, "race_count"),
        runner_count=_count(document, "runner_count"),
        processed_dates=_dates(document.get("processed_dates")),
        last_updated=_timestamp(document.get("last_updated")),
        impossible=_is_impossible(document.get("processed_dates")),
        by_batch="validation" in document or "processed_sources" in document,
    )


def _document(data: bytes) -> dict[str, object]:
    if not data.strip():
        raise ManifestError("empty")
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ManifestError("not UTF-8") from error
    except ValueError as error:
        raise ManifestError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise ManifestError("not JSON: nested too deeply") from error
    if not isinstance(document, dict):
        raise ManifestError("not a JSON object")
    return document


def _count(document: dict[str, object], name: str) -> int:
    if name not in document:
        raise ManifestError(f"{name} is missing")
    value = document[name]
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        raise ManifestError(f"{name} is not a count of rows")
    return value


def _dates(claimed: object) -> tuple[dt.date, ...]:
    if not isinstance(claimed, list):
        return ()
    return tuple(sorted({day for item in claimed if (day := _date(item)) is not None}))


def _is_impossible(claimed: object) -> bool:
    return isinstance(claimed, list) and any(
        isinstance(item, str) and _DATE.fullmatch(item) and _date(item) is None for item in claimed
    )


def _date(item: object) -> dt.date | None:
    """Read one claimed date; a writer claims the days 01 to 31 whatever the month."""
    if not isinstance(item, str) or not _DATE.fullmatch(item):
        return None
    try:
        return dt.date.fromisoformat(item)
    except ValueError:
        return None


def _timestamp(value: object) -> str:
    """Keep the text as it is; JSON can spell what no database stores (NUL, half a pair)."""
    if not isinstance(value, str) or len(value) > _MAX_TIMESTAMP or not value.isprintable():
        return ""
    return value
