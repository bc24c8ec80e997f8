"""Whatever is in the files: refused in words, or every line of it is accounted for.

As many inputs as FUZZ_INPUTS says; `make fuzz` gives it 100,000, and its seed when one fails.
"""

import datetime as dt
import os
import random
import resource
from itertools import chain, cycle

import pytest

from giddyup_watch.errors import SegmentRefusedError, SegmentUnfinishedError
from giddyup_watch.model import TABLES, Table
from giddyup_watch.source import cells, columns, content, manifest
from giddyup_watch.source.cells import OffTimes
from giddyup_watch.source.content import Content
from giddyup_watch.source.memory import Memory
from tests.fuzz import mutations
from tests.unit import months
from tests.unit.test_cells import assert_fitting

pytestmark = [pytest.mark.slow, pytest.mark.failure(line=31)]

INPUTS = int(os.environ.get("FUZZ_INPUTS", "3000"))
SEED = int(os.environ.get("FUZZ_SEED", random.randrange(10**9)))
#: What the whole of it may add to the memory of the process.
MEGABYTES = 100

MONTH = months.small_month()
PLAIN = months.races_csv(*MONTH[0]), months.runners_csv(*MONTH[1])
MONTH[1][1]["comment"] = "two\nlines, both quoted"
QUOTED = PLAIN[0], months.runners_csv(*MONTH[1])
MANIFEST: dict[str, object] = {
    "schema_version": "1.0",
    "race_count": 3,
    "runner_count": 6,
    "processed_dates": ["2024-01-01", "2024-01-02"],
    "validation": {},
    "last_updated": "2024-01-03T04:05:06",
}


def test_csv_files() -> None:
    """With and without what is remembered of the month before: there is no difference."""
    before, refused, remembered = _peak(), 0, Memory()
    for number in range(INPUTS):
        seed = f"{SEED}/{number}"
        chance = random.Random(seed)
        files = list(chance.choice((PLAIN, QUOTED)))
        for which in chance.choice(((0,), (1,), (0, 1))):
            files[which] = mutations.damage(chance, files[which])
        snapshot = months.snapshot_of(files[0], files[1])
        try:
            parsed = content.parse(snapshot)
        except (SegmentRefusedError, SegmentUnfinishedError) as error:
            assert "2024-01.csv" in error.message, seed  # noqa: PT017 - either end is a good one
            with pytest.raises(type(error)):
                remembered.parse(snapshot)
            refused += 1
        else:
            _assert_accounted_for(parsed, seed)
            _assert_storable(parsed, seed)
            assert remembered.parse(snapshot) == parsed, seed
    assert 0 < refused < INPUTS / 2
    assert _peak() - before < MEGABYTES


def test_cells_cleaned_by_column_are_those_cleaned_one_by_one() -> None:
    """What goes to COPY as it is written means there what our own cleaner makes of it."""
    table: Table
    for number, table in zip(range(INPUTS // 10), cycle(TABLES), strict=False):
        seed = f"{SEED}/{number}"
        chance = random.Random(seed)
        off_times: OffTimes = chance.choice(("auto", "24h"))
        width = len(cells.COLUMNS[table])
        rows = [[mutations.cell(chance) for _ in range(width)] for _ in range(8)]
        made, unreadable = columns.clean(table, rows, off_times)
        told = {(one.row, one.column): one.reason for one in unreadable}
        cleaners = cells.cleaners(off_times)
        for at, column in enumerate(cells.COLUMNS[table]):
            cleaner = cleaners.get(column.kind, str)
            for row, written in enumerate(made[at]):
                text = rows[row][at]
                try:
                    value = cleaner(text) if text else None
                except ValueError as error:
                    assert told.pop((row, column.column)) == str(error), seed  # noqa: PT017
                    assert not written, seed
                else:
                    assert _means(written, value), (seed, column.column, text, written)
        assert not told, seed


def _means(written: str, value: object) -> bool:
    if value is None:
        return not written
    if isinstance(value, int | float):
        return type(value)(written) == value
    return written == str(value)


def test_manifests() -> None:
    before, read = _peak(), 0
    for number in range(INPUTS):
        seed = f"{SEED}/{number}"
        data = mutations.manifest(random.Random(seed), MANIFEST)
        try:
            claim = manifest.parse(data)
        except manifest.ManifestError as error:
            assert str(error), seed  # noqa: PT017 - either end is a good one
        else:
            read += 1
            assert min(claim.race_count, claim.runner_count) >= 0, seed
            assert max(claim.race_count, claim.runner_count) < 2**31, seed
            assert all(isinstance(day, dt.date) for day in claim.processed_dates), seed
            assert claim.last_updated.isprintable(), seed
    assert INPUTS / 20 < read < INPUTS
    assert _peak() - before < MEGABYTES


def test_digests_do_not_depend_on_the_order_of_lines() -> None:
    for number in range(INPUTS // 10):
        seed = f"{SEED}/{number}"
        chance = random.Random(seed)
        races = [{**race, "going": chance.choice(["Soft", "", "–"])} for race in MONTH[0]]  # noqa: RUF001
        runners = [{**row, "comment": chance.choice(['a "b", c', "é", "-"])} for row in MONTH[1]]
        straight = months.parse(months.races_csv(*races), months.runners_csv(*runners))
        chance.shuffle(races)
        chance.shuffle(runners)
        other = months.parse(months.races_csv(*races), months.runners_csv(*runners))
        assert _digests(straight) == _digests(other), seed


def _assert_accounted_for(parsed: Content, seed: str) -> None:
    """No line is lost without a trace: rows, rejected and superseded lines are all there are."""
    for table in TABLES:
        lines = sum(day.lines[table] for day in parsed.days.values())
        undated = sum(reject.table == table for reject in parsed.rejects)
        assert parsed.lines[table] == lines + undated, seed
    for day in parsed.days.values():
        rejected = [reject.table for reject in day.rejects]
        rows = {"races": len(day.races), "runners": sum(len(r.runners) for r in day.races.values())}
        for table in TABLES:
            there = rows[table] + rejected.count(table) + day.duplicates[table]
            assert day.lines[table] == there, seed


def _assert_storable(parsed: Content, seed: str) -> None:
    """Every value is one that its column takes, and every text one that PostgreSQL does."""
    days = parsed.days.values()
    for reject in chain(parsed.rejects, *(day.rejects for day in days)):
        assert "\0" not in reject.value + reject.reason, seed
        assert (reject.value + reject.reason).encode(), seed
    for race in chain.from_iterable(day.races.values() for day in days):
        values, _ = cells.race_values(race, "auto")
        assert_fitting(values[3:], [column.kind for column in cells.RACE_COLUMNS[2:]])
        for runner in race.runners:
            values, _ = cells.runner_values(runner, race.day)
            assert_fitting(values[3:], [column.kind for column in cells.RUNNER_COLUMNS[1:]])
            assert "\0" not in "".join(runner.cells), seed
            assert "".join(runner.cells).encode() is not None, seed


def _digests(parsed: Content) -> dict[dt.date, bytes]:
    return {day: found.digest for day, found in parsed.days.items()}


def _peak() -> int:
    """Megabytes that the process had at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
