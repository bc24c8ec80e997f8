"""Three writers at full speed, two daemons, a fault after the other: it ends equal and no larger.

As long as SOAK_SECONDS says; `make soak` gives it half an hour.
"""

import datetime as dt
import json
import os
import random
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path

import pytest

from tests.conftest import LOCK_ID
from tests.faults import proxy, sessions
from tests.faults.conftest import Stage
from tests.flow.daemon import Daemon
from tests.server import Server
from tests.soak import ending, scribes
from tests.soak.conftest import Tell, size

pytestmark = [pytest.mark.slow, pytest.mark.failure(line=20), pytest.mark.failure(line=30)]

#: Seconds between two faults at most, and after one in which what it causes is said.
LULL, ECHO = 4.0, dt.timedelta(seconds=15)
#: What a daemon says of a session that it has lost, and which of the two lose one by a fault.
LOSSES = ("database_lost", "check_failed")
UPSETS = {
    "sessions ended": (0, 1),
    "active session ended": (0, 1),
    "connections cut": (1,),
    "server crashed": (0, 1),
}
#: Of a file that nobody went on with for `watch.orphan_seconds`, which are few here.
HALF_A_HEADER = "ends before its header does"
#: A daemon may have grown so much between the middle of the soak and its end.
GROWN_MEGABYTES, GROWN_DESCRIPTORS = 16, 4
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Sizes:
    """Of a process, sampled after each fault."""

    megabytes: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def sample(self, pid: int) -> None:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        self.megabytes.append(pages * PAGE / 2**20)
        self.descriptors.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))

    def growth(self) -> tuple[float, float]:
        """From the second quarter to the last: by then everything has been seen once."""
        return _growth(self.megabytes), _growth(self.descriptors)


def _growth(samples: list[float] | list[int]) -> float:
    quarter = max(1, len(samples) // 4)
    return statistics.median(samples[-quarter:]) - statistics.median(samples[quarter : 2 * quarter])


@dataclass
class Fault:
    """`said` are the errors that it is known to have caused, by daemon and subject."""

    kind: str
    began: dt.datetime
    ended: dt.datetime
    said: set[tuple[int, str]] = field(default_factory=set)

    def explains(self, daemon: int, subject: str, moment: dt.datetime) -> bool:
        """Take the error upon itself, if it can be from it, and it has none of the kind yet."""
        able = daemon in UPSETS.get(self.kind, ()) and self.began <= moment <= self.ended + ECHO
        if not able or (daemon, subject) in self.said:
            return False
        self.said.add((daemon, subject))
        return True


class Mischief:
    """Everything that may happen to two daemons on one database, one thing at a time."""

    def __init__(self, stage: Stage, server: Server, way: proxy.Proxy, stack: ExitStack) -> None:
        self.faults: list[Fault] = []
        self.daemons = [
            stack.enter_context(stage.daemon()),
            stack.enter_context(replace(stage, url=way.url(stage.url)).daemon()),
        ]
        self._stage = stage
        self._server = server
        self._way = way

    def kinds(self) -> dict[str, Callable[[float], None]]:
        return {
            "sessions ended": lambda _: sessions.end_daemons(self._stage.url),
            "active session ended": lambda _: sessions.end_daemons(self._stage.url, "active"),
            "connections cut": lambda _: self._way.cut(),
            "network held up": self._hold_up,
            "daemon frozen": self._freeze,
            "lock of somebody else": self._take_lock,
            "server crashed": self._crash,
            "everything touched": self._touch,
        }

    def do(self, kind: str, seconds: float) -> None:
        began = dt.datetime.now(dt.UTC)
        self.kinds()[kind](seconds)
        self.faults.append(Fault(kind, began, dt.datetime.now(dt.UTC)))

    def _hold_up(self, seconds: float) -> None:
        self._way.stall()
        _pass(seconds)
        self._way.flow()

    def _freeze(self, seconds: float) -> None:
        pid = self.daemons[int(seconds * 1000) % 2].pid
        os.kill(pid, signal.SIGSTOP)
        _pass(seconds)
        os.kill(pid, signal.SIGCONT)

    def _take_lock(self, seconds: float) -> None:
        with sessions.in_the_way(self._stage.url, f"SELECT pg_advisory_lock({LOCK_ID})"):
            _pass(seconds)

    def _crash(self, seconds: float) -> None:
        self._server.stop("immediate")
        _pass(seconds)
        ending.start_again(self._server)

    def _touch(self, _: float) -> None:
        """But for what a writer has just moved away."""
        for folder, _folders, names in os.walk(self._stage.master):
            for name in names:
                with suppress(FileNotFoundError):
                    os.utime(f"{folder}/{name}")


def test_it_ends_equal_proven_and_no_larger(
    ground: Stage, own_postgres: Server, chance: random.Random, tell: Tell
) -> None:
    until = time.monotonic() + size("SOAK_SECONDS", 40)
    sizes = (Sizes(), Sizes())
    with ExitStack() as stack:
        way = stack.enter_context(proxy.in_front_of(own_postgres.socket))
        writers = stack.enter_context(scribes.at_work(ground.master, 1, size("SOAK_REST", 0)))
        mischief = Mischief(ground, own_postgres, way, stack)
        for kind in cycle(chance.sample(sorted(mischief.kinds()), len(mischief.kinds()))):
            if time.monotonic() > until:
                break
            _pass(chance.uniform(0, LULL))
            mischief.do(kind, chance.uniform(0, 2))
            for one, daemon in zip(sizes, mischief.daemons, strict=True):
                one.sample(daemon.pid)
        for writer in writers:
            writer.settle()
        first, second = mischief.daemons
        runs = ground.count("racing.etl_runs")
        segments = ending.assert_all_is_well(ground, first, second)
    errors = [(n, line) for n, one in enumerate(mischief.daemons) for line in _errors(one)]
    uncaused = [line for n, line in errors if not _cause(mischief.faults, n, line)]
    tell(
        faults=Counter(fault.kind for fault in mischief.faults),
        errors=Counter(f"{line['event']} of daemon {n + 1}" for n, line in errors),
        turns_of_writers={type(writer).__name__: writer.turns for writer in writers},
        runs=runs,
        segments_proven_equal=segments,
        megabytes=[[round(one, 1) for one in s.megabytes] for s in sizes],
        descriptors=[s.descriptors for s in sizes],
        uncaused=uncaused,
    )
    assert uncaused == []
    for one in sizes:
        megabytes, descriptors = one.growth()
        assert megabytes < GROWN_MEGABYTES, one.megabytes
        assert descriptors <= GROWN_DESCRIPTORS, one.descriptors


def _errors(daemon: Daemon) -> Iterator[dict[str, str]]:
    """What went wrong in it, but for what the writers did: days left out, half a header left."""
    for line in daemon.log.read_text().splitlines():
        told = json.loads(line)
        of_writers = told["event"] == "gap_opened" or (
            told["event"] == "segment_refused" and told["reason"].endswith(HALF_A_HEADER)
        )
        if told["level"] in ("error", "critical") and not of_writers:
            yield told


def _cause(faults: list[Fault], daemon: int, told: dict[str, str]) -> Fault | None:
    """The earliest fault that can have caused it, and no other error of its kind."""
    if told["event"] not in LOSSES:
        return None
    moment = dt.datetime.fromisoformat(told["timestamp"])
    subject = f"{told['event']} {told.get('check', '')}"
    return next((fault for fault in faults if fault.explains(daemon, subject, moment)), None)


def _pass(seconds: float) -> None:
    threading.Event().wait(seconds)
