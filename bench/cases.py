"""What is measured. Each case makes its own tree, database and daemon below `folder`."""

import datetime as dt
import math
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic

import psycopg

from bench import gaps, reads
from bench.daemon import Daemon
from giddyup_watch.demo import tree
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.writers import AppendWriter
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store import embedded

#: GB flat in July: 856 races and 8,633 runners, the busiest month of the sample world.
BUSY = SegmentKey("gb", "flat", "2024-07")
#: At this volume twenty years make 900 segments, small ones.
MANY_VOLUME = 0.02
LAST_DAY = dt.date(2024, 12, 31)
LOAD_SECONDS = 1800
#: Of one core. Measured: 0.8 before the monitor and the second listener, 1.25 with them; a loop
#: that does not rest takes ten and more.
IDLE_PERCENT = 2.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table; `limit` is what the value must stay below."""

    what: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def holds(self) -> bool:
        return self.limit is None or self.value < self.limit


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True)
    with embedded.server(folder) as url:
        yield url


def _written(url: str) -> int:
    """Rows that all runs so far inserted, updated or deleted."""
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(
            "SELECT coalesce(sum(value::bigint), 0) FROM racing.etl_runs, jsonb_each_text(stats)"
            " WHERE key ~ '_(inserted|updated|deleted)$'"
        ).fetchone()
    return 0 if row is None else int(row[0])


def _catch_up(daemon: Daemon, segments: int) -> float:
    """Seconds from the start of the process until every segment is as on disk."""
    daemon.wait_until(lambda: daemon.settled >= segments, LOAD_SECONDS, "not everything is loaded")
    return monotonic() - daemon.started


def first_load(folder: Path, months: list[str], samples: int) -> Iterator[Measure]:
    """A daemon on an empty database; a second start; then days appended to a busy month."""
    master = folder / "master"
    world = World()
    keys = [key for key in tree.segments(months) if key != BUSY]
    built = tree.build(master, world, keys)
    days = [BUSY.first_day + dt.timedelta(days=number) for number in range(31)]
    writer = AppendWriter(master)
    before = world.month(BUSY, until=days[-samples - 1])
    writer.append(BUSY, before)
    runners, segments = built.runners + len(before.runners), built.segments + 1
    with _database(folder / "state") as url:
        with Daemon(folder, master, url) as daemon:
            seconds = _catch_up(daemon, segments)
            yield Measure(f"first load of {runners:,} runners", seconds, "s")
            yield Measure("  that is", runners / seconds, "runners/s")
            yield Measure("  memory at its peak", daemon.peak_mb, "MB", 150)
        written = _written(url)
        with Daemon(folder, master, url) as daemon:
            yield Measure("second start, everything looked at", _catch_up(daemon, segments), "s")
            yield Measure("  rows written", _written(url) - written, "rows", 1)
            lags = [_lag(url, writer, world, day) for day in days[-samples:]]
        checks = gaps.median_ms(url, master, days[-1])
        yield Measure("from manifest closed to commit, median", statistics.median(lags), "s", 2)
        yield Measure("  slowest", max(lags), "s")
        yield Measure("all gap checks over a busy week, median", checks, "ms", gaps.LIMIT_MS)


def _lag(url: str, writer: AppendWriter, world: World, day: dt.date) -> float:
    """Append a day and wait for the daemon's NOTIFY, which comes with the commit."""
    card = world.day(BUSY.region, BUSY.code, day)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("LISTEN giddyup_ingest")
        writer.append(BUSY, card)
        closed = monotonic()
        if not list(conn.notifies(timeout=30, stop_after=1)):
            raise RuntimeError(f"{day} was not loaded in 30 s")
        return monotonic() - closed


def busy_segment(folder: Path) -> Iterator[Measure]:
    """Memory of a daemon that has loaded one busy segment and nothing else."""
    master = folder / "master"
    built = tree.build(master, World(), [BUSY])
    with _database(folder / "state") as url, Daemon(folder, master, url) as daemon:
        _catch_up(daemon, 1)
        what = f"busy segment, {built.runners:,} runners: memory at its peak"
        yield Measure(what, daemon.peak_mb, "MB", 150)


#: Of what the medians of the reads may be on a machine that has other work, in milliseconds.
READS_IDLE_MS, READS_LOADING_MS = 100, 600
READS, QUIET = 20, '[gaps]\nverify_at = ""\n[derived]\nmode = "off"\n'


def reads_of_a_small_tree(folder: Path) -> Iterator[Measure]:
    """Every read on one busy month: the one in the middle, by its median."""
    master = folder / "master"
    tree.build(master, World(), [BUSY])
    with _database(folder / "state") as url, Daemon(folder, master, url, QUIET) as daemon:
        _catch_up(daemon, 1)
        taken = reads.measure(daemon, BUSY, READS)
    idle = statistics.median(statistics.median(one.idle) for one in taken)
    loading = statistics.median(statistics.median(one.loading) for one in taken)
    yield Measure(f"the middle one of {len(taken)} reads, median", idle, "ms", READS_IDLE_MS)
    yield Measure("  while a busy month is loaded", loading, "ms", READS_LOADING_MS)


def reads_of(folder: Path, place: Path) -> list[reads.Taken]:
    """Every read on a tree and database that are there, of full size say."""
    with (
        embedded.server(place / "state") as url,
        Daemon(folder, place / "master", url, QUIET) as daemon,
    ):
        segments = len(layout.look(place / "master", tree.REGIONS, tree.CODES).segments)
        _catch_up(daemon, segments)
        return reads.measure(daemon, BUSY, READS)


def _idle_percent(daemon: Daemon, seconds: float) -> float:
    """Processor time of a daemon at rest: the least of three looks, if the first is too much.

    Whoever else runs on the machine takes from its caches and only adds; a
    daemon that is busy is busy in every look.
    """
    least = math.inf
    for _ in range(3):
        before, started = daemon.cpu_seconds, monotonic()
        Event().wait(seconds)  # the measurement itself, not a wait for something
        used = (daemon.cpu_seconds - before) / (monotonic() - started)
        least = min(least, used * 100)
        if least < IDLE_PERCENT:
            break
    return least


#: Patience with the nightly proof of 900 small segments.
PROOF_SECONDS = 600.0


def idle(folder: Path, seconds: float) -> Iterator[Measure]:
    """A daemon that has nothing to do on a tree of 900 segments."""
    master = folder / "master"
    keys = tree.segments(tree.months("2005-01", f"{LAST_DAY:%Y-%m}"))
    built = tree.build(master, World(volume=MANY_VOLUME), keys)
    with _database(folder / "state") as url, Daemon(folder, master, url) as daemon:
        yield Measure(f"{built.segments} small segments", _catch_up(daemon, built.segments), "s")
        started = monotonic()  # what was just loaded is proven at once
        daemon.wait_until(lambda: daemon.proven, PROOF_SECONDS, "the proof is not finished")
        yield Measure("  proven beside everything else", monotonic() - started, "s")
        yield Measure("  idle: processor time", _idle_percent(daemon, seconds), "%", IDLE_PERCENT)
        yield Measure("  idle: memory", daemon.resident_mb, "MB", 150)
        checks = gaps.median_ms(url, master, LAST_DAY)
        yield Measure("  all gap checks, median", checks, "ms", gaps.LIMIT_MS)
