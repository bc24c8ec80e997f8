"""What is asked of a full database: all gap checks, `why`, `verify`."""

import datetime as dt
import statistics
from collections.abc import Iterator

from bench import gaps, program, reads, standing
from bench.daemon import Daemon
from bench.lines import Line
from bench.place import BUSY, Place

#: The nightly proof at once, no views.
NIGHT = '[gaps]\nverify_at = "00:00"\n[derived]\nmode = "off"\n'


def lines(place: Place) -> Iterator[Line]:
    day = BUSY.next_month - dt.timedelta(days=1)
    rounds = gaps.rounds_ms(place.url, place.master, day)
    yield Line("gaps", "all gap checks over a busy week", "ms", rounds)
    with Daemon(place.folder, place.master, place.url, standing.QUIET) as daemon:
        standing.catch_up(daemon, len(place.keys))
        reads.rest(daemon)
        yield from _reads(place, daemon)
        count = place.size.asked_days
        yield Line(
            "why", "`why` of a day not asked for before", "ms", reads.why(daemon, BUSY, count)
        )
    yield from _verify(place)


def _verify(place: Place) -> Iterator[Line]:
    """Line by line, and then after a night in which a daemon has proven everything."""
    ran = program.run(place, "verify", "--full", "--json")
    what = f"`verify --full` of all {len(place.keys)} segments"
    yield Line("verify_full", what, "s", [ran.seconds], "straight")
    yield Line("verify_memory", "  memory", "MB", [ran.peak_mb])
    with Daemon(place.folder, place.master, place.url, NIGHT) as daemon:
        daemon.wait_until(lambda: daemon.proven, standing.PATIENCE, "not everything is proven")
    ran = program.run(place, "verify", "--json")
    yield Line("verify", "`verify` of them, proven before", "s", [ran.seconds], "straight")


def _reads(place: Place, daemon: Daemon) -> Iterator[Line]:
    """The medians of every route of the API and the page; the line's is the one in the middle."""
    taken = reads.measure(daemon, BUSY, place.size.reads)
    idle = [statistics.median(one.idle) for one in taken]
    loading = [statistics.median(one.loading) for one in taken]
    yield Line("read", f"the middle one of {len(taken)} reads", "ms", idle)
    yield Line("read_loading", "  while a busy month is loaded", "ms", loading, "read")
