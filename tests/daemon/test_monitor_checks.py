"""Each check seen both ways in a running daemon: opened when wrong, resolved when put right.

Gauge and event come within an interval; one daemon is watched through all of it.
"""

import datetime as dt
import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from giddyup_watch import metrics
from giddyup_watch.demo import edits, tree, writers
from giddyup_watch.demo.racing import cards
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import control
from giddyup_watch.store.connection import Connection
from tests.daemon.monitored import (
    DAYS,
    OFTEN,
    SOON,
    TODAY,
    WORLD,
    Monitored,
    a_race,
    monitored,
    race_of,
)
from tests.daemon.test_nightly import force
from tests.daemon.test_worker import Plain, session
from tests.server import Server
from tests.wait import wait_until

Undo = Callable[[], object]


@dataclass
class Place:
    """The tree and the database that everything happens to; one segment and one race of it."""

    master: Path
    url: str
    other: Plain
    daemon: Monitored
    key: SegmentKey
    day: str
    race: str

    def write(self, card: Card, key: SegmentKey | None = None) -> None:
        writers.RenameWriter(self.master).replace(key or self.key, card)

    def on_disk(self, change: Callable[[Card], object]) -> Undo:
        """Change the segment; what undoes it."""
        card = edits.read(self.master, self.key)
        change(card)
        self.write(card)
        return self.as_it_was

    def as_it_was(self) -> None:
        card = Card()
        for day in DAYS:
            if self.key.holds(day):
                card.extend(WORLD.day(self.key.region, self.key.code, day))
        self.write(card)

    def in_database(self, wrong: str, right: str) -> Undo:
        self.other.execute(wrong.encode())
        return lambda: self.other.execute(right.encode())


@pytest.fixture(scope="module")
def place(
    postgres: Server,
    recent_template: str,
    recent_tree: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    master = Path(shutil.copytree(recent_tree, tmp_path_factory.mktemp("checks") / "master"))
    with ExitStack() as stack:
        url = stack.enter_context(postgres.database(recent_template))
        other = stack.enter_context(session(url))
        daemon = stack.enter_context(monitored(master, url, **OFTEN))
        key, _, race = a_race(master)
        yield Place(master, url, other, daemon, key, race["date"], race["race_key"])


def no_result(place: Place) -> Undo:
    return place.on_disk(
        lambda card: setattr(card, "runners", cards.unrun(card, {place.race}).runners)
    )


def no_winner(place: Place) -> Undo:
    def demote(card: Card) -> None:
        winner = next(row for row in edits.field_of(card, place.race) if row["pos"] == "1")
        winner["pos"] = "9"

    return place.on_disk(demote)


def another_ran(place: Place) -> Undo:
    return place.on_disk(lambda card: race_of(card, place.race).update(ran="99"))


def no_horse(place: Place) -> Undo:
    return place.on_disk(lambda card: edits.field_of(card, place.race)[0].update(horse=""))


def forgotten_day(place: Place) -> Undo:
    """As after a restore of some tables only: rows, ledger and days disagree."""
    of_day = f"region = '{place.key.region}' AND code = '{place.key.code}' AND d = '{place.day}'"
    place.other.execute(f"DELETE FROM racing.ledger_days WHERE {of_day}".encode())
    place.other.execute(f"DELETE FROM racing.ingested_days WHERE {of_day}".encode())
    return lambda: force(place.url, place.master, place.key)


def manifest_of_another(place: Place) -> Undo:
    manifest = writers.paths(place.master, place.key)["manifest"]
    good = manifest.read_text()
    manifest.write_text(json.dumps(json.loads(good) | {"race_count": 1, "runner_count": 1}))
    return lambda: manifest.write_text(good)


def rows_gone(place: Place) -> Undo:
    """Behind the daemon's back."""
    place.other.execute("DELETE FROM racing.runners WHERE race_date = %s", [place.day])
    return lambda: force(place.url, place.master, place.key)


def same_race_again(place: Place) -> Undo:
    columns = "race_date, region, course_id, off_time, race_name, race_type, ran"
    return place.in_database(
        f"INSERT INTO racing.races (race_key, {columns})"
        f" SELECT 'theirs', {columns} FROM racing.races WHERE race_key = '{place.race}'",
        "DELETE FROM racing.races WHERE race_key = 'theirs'",
    )


def no_prices(place: Place) -> Undo:
    def empty(card: Card) -> None:
        of_day = {row["race_key"] for row in card.races if row["date"] == place.day}
        for row in card.runners:
            if row["race_key"] in of_day:
                row["win_bsp"] = ""

    return place.on_disk(empty)


def no_course(place: Place) -> Undo:
    return place.in_database(
        f"UPDATE racing.races SET course_id = NULL WHERE race_key = '{place.race}'",
        f"UPDATE racing.races SET course_id = (SELECT min(course_id) FROM racing.courses)"
        f" WHERE race_key = '{place.race}'",
    )


def bad_line(place: Place) -> Undo:
    def append(card: Card) -> None:
        card.races.append(race_of(card, place.race) | {"race_key": "none", "region": "XX"})

    return place.on_disk(append)


def shrunk(place: Place) -> Undo:
    """Of the day one race is left."""

    def drop(card: Card) -> None:
        rest = {row["race_key"] for row in card.races if row["date"] == place.day} - {place.race}
        edits.drop_races(card, rest)

    return place.on_disk(drop)


def in_the_other_folder(place: Place) -> Undo:
    code = "jumps" if place.key.code == "flat" else "flat"
    key = SegmentKey(place.key.region, code, place.key.month)
    before = edits.read(place.master, key)
    card = edits.read(place.master, key)
    card.extend(edits.part(edits.read(place.master, place.key), {place.race}))
    place.write(card, key)
    return lambda: place.write(before, key)


@dataclass(frozen=True)
class Case:
    check: str
    severity: str
    break_it: Callable[[Place], Undo]


CASES = (
    Case("unresulted_passed", "critical", no_result),
    Case("yesterday_missing_winners", "critical", no_winner),
    Case("runner_count_mismatch", "warning", another_ran),
    Case("unresolved_horses", "warning", no_horse),
    Case("not_loaded", "critical", forgotten_day),
    Case("count_mismatch", "warning", manifest_of_another),
    Case("count_mismatch", "critical", rows_gone),
    Case("duplicate_races", "warning", same_race_again),
    Case("missing_prices", "warning", no_prices),
    Case("missing_course", "warning", no_course),
    Case("rejected_rows", "warning", bad_line),
    Case("held_days", "critical", shrunk),
    Case("misfiled_races", "info", in_the_other_folder),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}: {case.break_it.__name__}")
def test_opened_and_resolved(place: Place, case: Case) -> None:
    daemon = place.daemon
    opened, resolved = (
        len(daemon.told(event, case.check)) for event in ("gap_opened", "gap_resolved")
    )
    labels = {"check": case.check, "severity": case.severity}
    assert daemon.value("gaps", **labels) == 0
    undo = case.break_it(place)
    try:
        wait_until(lambda: len(daemon.told("gap_opened", case.check)) > opened, SOON)
        wait_until(lambda: daemon.value("gaps", **labels) == 1, SOON)
    finally:
        undo()
    wait_until(lambda: len(daemon.told("gap_resolved", case.check)) > resolved, SOON)
    wait_until(lambda: sum(map(daemon.gaps, metrics.CHECKS)) == 0, SOON)


def test_entries_of_today_are_counted_and_are_no_gap(place: Place) -> None:
    labels = {"check": "entries_today", "severity": "info"}
    place.other.execute(
        "INSERT INTO racing.races (race_key, race_date, region, course_id, off_time, race_name,"
        " race_type, ran) SELECT 'entry', %s, region, course_id, '23:59', race_name, race_type, 1"
        " FROM racing.races WHERE race_key = %s",
        [TODAY, place.race],
    )
    place.other.execute(
        "INSERT INTO racing.runners (runner_key, race_id, race_date, horse_id)"
        " SELECT 'entry', race_id, race_date, (SELECT min(horse_id) FROM racing.horses)"
        " FROM racing.races WHERE race_key = 'entry'"
    )
    wait_until(lambda: place.daemon.value("gaps", **labels) == 1, SOON)
    assert not place.daemon.told("gap_opened", "entries_today")
    place.other.execute("DELETE FROM racing.races WHERE race_key = 'entry'")
    wait_until(lambda: place.daemon.value("gaps", **labels) == 0, SOON)


def test_days_that_should_be_there_and_a_source_that_went_quiet(
    tmp_path: Path, database: str, conn: Connection
) -> None:
    """Nothing of it is loaded, for that would take its time: the checks look at the disk."""
    before = (TODAY - dt.timedelta(days=back) for back in (30, 27))
    gone = next(day for day in before if f"{day:%m-%d}" not in ("12-24", "12-25"))
    last = TODAY - dt.timedelta(days=8)
    daily = Daily(tmp_path)
    daily.write(TODAY - dt.timedelta(days=800), last, without=gone)
    control.pause(conn)
    with monitored(tmp_path, database, **OFTEN) as daemon:
        wait_until(lambda: ("missing_days", f"gb/{gone}") in _keys(daemon, "gap_opened"))
        wait_until(lambda: ("stale_source", "gb/jumps") in _keys(daemon, "gap_opened"))
        assert daemon.value("gaps", check="stale_source", severity="critical") == 1
        assert daemon.value("gaps", check="missing_days", severity="warning") == 1
        daily.write(gone, last)
        wait_until(lambda: ("missing_days", f"gb/{gone}") in _keys(daemon, "gap_resolved"))
        daily.write(last, TODAY)
        wait_until(lambda: ("stale_source", "gb/jumps") in _keys(daemon, "gap_resolved"))
        wait_until(lambda: sum(map(daemon.gaps, metrics.CHECKS)) == 0, SOON)


@dataclass
class Daily:
    """A tree of one race a day but on Sundays, written whole months at a time.

    Its manifests claim Sundays too, so what they do not claim was not scraped,
    in whatever season this runs.
    """

    master: Path

    def write(self, first: dt.date, last: dt.date, *, without: dt.date | None = None) -> None:
        """All days of the months from `first` on, up to `last`."""
        days = (first + dt.timedelta(days=number) for number in itertools.count())
        card = next(card for day in days if (card := WORLD.day("gb", "jumps", day)).races)
        for key in tree.segments(tree.months(f"{first:%Y-%m}", f"{last:%Y-%m}"), ["gb"], ["jumps"]):
            month = Card()
            for number in range(31):
                day = key.first_day + dt.timedelta(days=number)
                if not key.holds(day) or day > last or day == without:
                    continue
                text = day.isoformat()
                month.processed.add(text)
                if day.isoweekday() != 7:
                    month.races.append(card.races[0] | {"date": text, "race_key": text})
            writers.RenameWriter(self.master).replace(key, month)


def _keys(daemon: Monitored, event: str) -> set[tuple[str, str]]:
    return {(entry["check"], entry["key"]) for entry in daemon.events(event)}


def test_every_check_is_seen() -> None:
    elsewhere = {"entries_today", "missing_days", "stale_source"}
    assert {case.check for case in CASES} | elsewhere == set(metrics.CHECKS)
