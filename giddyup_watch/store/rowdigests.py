"""Rows as digests, computed where they are: what a month's facts are compared by.

Equal digests mean equal rows. Unequal ones mean that the rows have to be looked at.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from typing import NamedTuple

from giddyup_watch.model import SegmentKey
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection

Pedigree = tuple[str | None, str | None, str | None]


class Names(NamedTuple):
    """The newest of each kind of name, by their ids."""

    courses: int
    horses: int
    trainers: int
    jockeys: int
    owners: int
    bloodlines: int


class StoredRace(NamedTuple):
    """A row of `racing.races`; `region` is written as folders are."""

    race_id: int
    race_key: str
    day: dt.date
    region: str
    race_type: str
    digest: bytes


class Field(NamedTuple):
    """The runners of one race: how many rows, and one digest over all of them."""

    runners: int
    digest: bytes


class Claim(NamedTuple):
    """One folder's copy of a race, as in `racing.ledger_races`, without its runners."""

    region: str
    code: str
    day: dt.date
    race_key: str
    digest: bytes | None
    owned: bool
    in_file: bool


def newest_names(conn: Connection) -> Names:
    return Names(*connection.fetch_all(conn, "fetch_newest_names")[0])


def names(conn: Connection, newest: Names) -> bytes:
    """Digest of all names up to the newest given, and of how a name is looked up."""
    digest: bytes = connection.fetch_value(conn, "digest_names", newest._asdict())
    return digest


def month(conn: Connection, key: SegmentKey) -> bytes:
    """Digest of all rows of the key's month, facts and ledger of all segments, but names."""
    digest: bytes = connection.fetch_value(conn, "digest_month", _month(key))
    return digest


def races(conn: Connection, key: SegmentKey, day: dt.date | None = None) -> list[StoredRace]:
    """Return the races of the key's month, or of one day, of all segments."""
    span = _span(key, day)
    return [StoredRace(*row) for row in connection.fetch_all(conn, "digest_races", span)]


def fields(
    conn: Connection, key: SegmentKey, day: dt.date | None = None
) -> dict[tuple[int, dt.date], Field]:
    """Return the runners of the key's month, or of one day, by race id and date."""
    found = connection.fetch_all(conn, "digest_runners", _span(key, day))
    return {(race_id, day): Field(runners, digest) for race_id, day, runners, digest in found}


def claims(conn: Connection, key: SegmentKey, day: dt.date | None = None) -> list[Claim]:
    """Return the provenance of the key's month, or of one day, of all segments."""
    found = connection.fetch_all(conn, "fetch_month_provenance", _span(key, day))
    return [Claim(*row) for row in found]


def find_names(
    conn: Connection, region: str, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], int | None]:
    """Return the id that each (kind, name) leads to; courses are those of `region`."""
    params = {"region": region.upper(), "names": json.dumps(list(wanted))}
    found = connection.fetch_all(conn, "find_names", params)
    return {(kind, name): number for kind, name, number in found}


def find_bloodlines(conn: Connection, wanted: Sequence[Pedigree]) -> dict[Pedigree, int | None]:
    """Return the id that each pedigree leads to."""
    params = {"pedigrees": json.dumps(wanted)}
    found = connection.fetch_all(conn, "find_bloodlines", params)
    return {(sire, dam, damsire): number for sire, dam, damsire, number in found}


def lost_races(
    conn: Connection, key: SegmentKey, days: Collection[dt.date]
) -> list[tuple[dt.date, str]]:
    """Return (day, race key) of what the segment owns and the database lacks."""
    return connection.fetch_all(conn, "find_lost_races", _days(key, days))


def lost_runners(
    conn: Connection, key: SegmentKey, days: Collection[dt.date]
) -> list[tuple[dt.date, str]]:
    """Return (day, runner key) of what the segment's races have and the database lacks."""
    return connection.fetch_all(conn, "find_lost_runners", _days(key, days))


def foreign_runners(
    conn: Connection, key: SegmentKey, race_ids: Collection[int]
) -> dict[dt.date, int]:
    """Count runners of these races that no folder claims, by day."""
    params = _month(key) | {"ids": list(race_ids)}
    return dict(connection.fetch_all(conn, "count_foreign_runners", params))


def unclaimed_days(conn: Connection, key: SegmentKey) -> list[tuple[str, str, dt.date]]:
    """Return region, code and day of what others put into `racing.ingested_days` in the month."""
    return connection.fetch_all(conn, "fetch_unclaimed_days", _month(key))


def _month(key: SegmentKey) -> dict[str, object]:
    return {"first": key.first_day, "next": key.next_month}


def _span(key: SegmentKey, day: dt.date | None) -> dict[str, object]:
    return _month(key) if day is None else {"first": day, "next": day + dt.timedelta(days=1)}


def _days(key: SegmentKey, days: Collection[dt.date]) -> dict[str, object]:
    return _month(key) | {"region": key.region, "code": key.code, "days": list(days)}
