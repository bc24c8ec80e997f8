"""What is asked of a full database: all gap checks, `why`, `verify`."""

import datetime as dt
from collections.abc import Iterator

from bench import gaps, program, reads, standing
from bench.daemon import Daemon
from bench.lines import Line
from bench.place import BUSY, Place


def lines(place: Place) -> Iterator[Line]:
    day = BUSY.next_month - dt.timedelta(days=1)
    rounds = gaps.rounds_ms(place.url, place.master, day)
    yield Line("gaps", "all gap checks over a busy week", "ms", rounds)
    with Daemon(place.folder, place.master, place.url, standing.QUIET) as daemon:
        standing.catch_up(daemon, len(place.keys))
        reads.rest(daemon)
        count = place.size.asked_days
        yield Line(
            "why", "`why` of a day not asked for before", "ms", reads.why(daemon, BUSY, count)
        )
    ran = program.run(place, "verify", "--json")
    what = f"`verify` of all {len(place.keys)} segments"
    yield Line("verify", what, "s", [ran.seconds], "straight")
    yield Line("verify_memory", "  memory", "MB", [ran.peak_mb])
