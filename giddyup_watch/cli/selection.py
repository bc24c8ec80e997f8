"""Which days and segments a command is about."""

import datetime as dt
from dataclasses import dataclass

import click

from giddyup_watch import errors, settings
from giddyup_watch.ingest import asked
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import ledger
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Folders:
    """Regions and codes asked for; all that the settings have when none were."""

    regions: tuple[str, ...]
    codes: tuple[str, ...]

    def holds(self, key: SegmentKey) -> bool:
        return key.region in self.regions and key.code in self.codes


def folders(given: settings.Settings, regions: tuple[str, ...], codes: tuple[str, ...]) -> Folders:
    """Raise UsageError for a region or code that the settings do not have."""
    known = given.master
    for option, named, there in (
        ("--region", regions, known.regions),
        ("--code", codes, known.codes),
    ):
        unknown = sorted(set(named) - set(there))
        if unknown:
            raise click.UsageError(
                f"{option} {unknown[0]}: not in the settings, which have {', '.join(there)}"
            )
    return Folders(regions or known.regions, codes or known.codes)


def days(
    dates: tuple[str, ...], first: str | None, last: str | None, month: str | None, today: dt.date
) -> frozenset[dt.date]:
    """The days that one of `--date`, `--from`/`--to` and `--month` names."""
    if sum((bool(dates), bool(first or last), bool(month))) != 1:
        raise click.UsageError("give one of --date, --from with --to, or --month")
    if dates:
        return frozenset(asked.day(text, today) for text in dates)
    if month:
        key = SegmentKey("", "", month)
        return asked.span(key.first_day, key.next_month - dt.timedelta(days=1))
    if not first or not last:
        raise click.UsageError("--from and --to belong together")
    begin, end = asked.day(first, today), asked.day(last, today)
    if begin > end:
        raise click.UsageError(f"--from {begin} is after --to {end}")
    return asked.span(begin, end)


def segments(
    conn: Connection, given: settings.Settings, wanted: Folders, *, given_up: bool = False
) -> set[SegmentKey]:
    """Segments of the folders on disk, and those loaded before that are not there any more.

    With `given_up` also those of which it is recorded that they are absent.
    """
    master = given.master
    there = asked.segments(conn, master.tree, master.regions, master.codes, given_up=given_up)
    return {key for key in there if wanted.holds(key)}


def require_adopted(conn: Connection) -> None:
    """Raise ConfigError while rows of others wait to be compared.

    Anything less than everything would leave a ledger that claims the rest.
    """
    if ledger.needs_adoption(conn):
        raise errors.ConfigError(
            "the database has rows of others and no ledger: it has to be adopted as a whole",
            hint="giddyup-watch backfill, without options; --dry-run first shows the differences",
        )
