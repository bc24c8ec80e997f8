"""A daemon on a database that is as the disk is: start-up, everything touched, at rest."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import psycopg

from bench import reads
from bench.daemon import Daemon
from bench.lines import Line
from bench.place import BUSY, Connection, Place
from giddyup_watch.demo import tree
from giddyup_watch.source import layout
from giddyup_watch.store import embedded

#: Nothing of its own accord: no nightly proof, no views.
QUIET = '[gaps]\nverify_at = ""\n[derived]\nmode = "off"\n'
#: Patience with anything that the daemon is to finish, in seconds.
PATIENCE = 900
#: Requests to each route.
READS = 20


def lines(place: Place) -> Iterator[Line]:
    segments, looks = len(place.keys), place.size.looks
    starts, memory = [], []
    for _ in range(looks):
        with _daemon(place) as daemon:
            catch_up(daemon, segments)
            starts.append(monotonic() - daemon.started)
            memory.append(daemon.peak_mb)
    yield Line("start", f"start on {segments} segments: all looked at", "s", starts)
    with _daemon(place) as daemon:
        catch_up(daemon, segments)
        reads.rest(daemon)
        yield from _touched(place, daemon)
        reads.rest(daemon)
        yield Line(
            "idle", "idle: processor time", "%", _idle(daemon, looks, place.size.idle_seconds)
        )
        yield Line("idle_memory", "  memory", "MB", [daemon.resident_mb])
        yield Line("daemon_memory", "  memory at its peak so far", "MB", [*memory, daemon.peak_mb])


def _daemon(place: Place) -> Daemon:
    return Daemon(place.folder, place.master, place.url, QUIET)


def catch_up(daemon: Daemon, segments: int) -> None:
    """Return when every segment has been found as on disk."""
    daemon.wait_until(lambda: daemon.settled >= segments, PATIENCE, "not everything is looked at")


def _idle(daemon: Daemon, looks: int, seconds: float) -> list[float]:
    """Percent of one core in each of a few looks.

    Whoever else runs on the machine takes from its caches and only adds; a daemon that is busy is
    busy in every look.
    """
    return [_idle_percent(daemon, seconds / looks) for _ in range(looks)]


def _idle_percent(daemon: Daemon, seconds: float) -> float:
    before, began = daemon.cpu_seconds, monotonic()
    threading.Event().wait(seconds)  # the measurement itself, not a wait for something
    return (daemon.cpu_seconds - before) / (monotonic() - began) * 100


def _touched(place: Place, daemon: Daemon) -> Iterator[Line]:
    """Every file has a new time: from the last touch until every segment was read again."""
    seconds, rows, wal = [], [], []
    for _ in range(place.size.looks):
        with closing(psycopg.connect(place.url, autocommit=True)) as conn:
            conn.execute("CHECKPOINT")
            before, due = _written(conn), daemon.settled + len(place.keys)
            _touch(place)
            began = monotonic()
            catch_up(daemon, due)
            seconds.append(monotonic() - began)
            after = _written(conn)
            rows.append(after[0] - before[0])
            wal.append((after[1] - before[1]) / 1024)
    what = f"all {len(place.keys)} segments touched, nothing changed"
    yield Line("touched", what, "s", seconds, "backfill")
    yield Line("touched_rows", "  rows written", "rows", rows)
    yield Line("touched_wal", "  write-ahead log of the whole server", "KiB", wal)


def _touch(place: Place) -> None:
    for path in place.master.rglob("*.*"):
        os.utime(path)


def _written(conn: Connection) -> tuple[int, int]:
    """Rows written by all runs so far, and bytes of write-ahead log."""
    row = conn.execute(
        "SELECT coalesce(sum(value::bigint), 0), pg_current_wal_lsn() - '0/0'"
        " FROM racing.etl_runs, jsonb_each_text(stats)"
        " WHERE key ~ '_(inserted|updated|deleted)$'"
    ).fetchone()
    if row is None:
        raise RuntimeError("no runs to count")
    return int(row[0]), int(row[1])


def reads_of(folder: Path, where: Path) -> list[reads.Taken]:
    """Every read on a tree and database that are there, of full size say."""
    with (
        embedded.server(where / "state") as url,
        Daemon(folder, where / "master", url, QUIET) as daemon,
    ):
        segments = len(layout.look(where / "master", tree.REGIONS, tree.CODES).segments)
        catch_up(daemon, segments)
        return reads.measure(daemon, BUSY, READS)
