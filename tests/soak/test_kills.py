"""`kill -9` again and again while the tree changes: the end is as if nothing had happened.

As long as SOAK_KILLS says; `make soak-kill` gives it hundreds.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from tests.faults import sessions
from tests.faults.conftest import Stage
from tests.flow.daemon import Daemon
from tests.server import Server
from tests.soak import ending, scribes
from tests.soak.conftest import Tell, size
from tests.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.failure(line=19)]

#: How often each is killed, among ten.
VICTIMS = ("daemon",) * 6 + ("backend",) * 3 + ("postmaster",)
#: Seconds between two turns of a writer, and at most between two kills.
REST, LULL = 0.05, 1.5

_BACKENDS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'giddyup-watch %' ORDER BY random()
"""


class Assassin:
    """Keeps a daemon running on the stage, and kills whom it is told to."""

    def __init__(self, stage: Stage, server: Server, stack: ExitStack) -> None:
        self.kills: Counter[str] = Counter()
        self._stage = stage
        self._server = server
        self._stack = stack
        self.daemon = self._start()

    def kill(self, victim: str) -> None:
        getattr(self, f"_kill_{victim}")()
        self.kills[victim] += 1

    def _start(self) -> Daemon:
        return self._stack.enter_context(self._stage.daemon(gaps__interval_seconds=5))

    def _kill_daemon(self) -> None:
        self.daemon.kill()
        self.daemon = self._start()

    def _kill_backend(self) -> None:
        """Whichever is there; the server ends all sessions and recovers."""
        backend = wait_until(lambda: self._asked(_BACKENDS), 60, what="no session of a daemon")
        os.kill(backend, signal.SIGKILL)
        gone = Path(f"/proc/{backend}")
        wait_until(lambda: not gone.exists(), what="the server does not notice")
        wait_until(lambda: self._asked("SELECT 1"), ending.START_SECONDS, what="it stays down")

    def _kill_postmaster(self) -> None:
        self._server.kill()
        ending.start_again(self._server)

    def _asked(self, statement: str) -> int:
        """The first value, or 0 when there is none, or no server that answers."""
        with suppress(psycopg.OperationalError), sessions.session(self._stage.url) as looking:
            row = looking.execute(statement.encode()).fetchone()
            return int(row[0]) if row else 0
        return 0


def _victims(chance: random.Random) -> Iterator[str]:
    while True:
        yield from chance.sample(VICTIMS, len(VICTIMS))


@pytest.mark.root  # another user's processes are killed
def test_nothing_is_lost_left_or_different(
    ground: Stage, own_postgres: Server, chance: random.Random, tell: Tell
) -> None:
    kills = int(size("SOAK_KILLS", 12))
    began = time.monotonic()
    with ExitStack() as stack:
        writers = stack.enter_context(scribes.at_work(ground.master, 1, REST))
        assassin = Assassin(ground, own_postgres, stack)
        for victim in islice(_victims(chance), kills):
            threading.Event().wait(chance.uniform(0, LULL))
            assassin.kill(victim)
        seconds = time.monotonic() - began
        for writer in writers:
            writer.settle()
        runs = ground.count("racing.etl_runs")
        closed = ground.count("racing.etl_runs", "error_msg LIKE 'the ingester ended%'")
        segments = ending.assert_all_is_well(ground, assassin.daemon)
    assert assassin.kills.total() == kills
    tell(
        kills=dict(assassin.kills),
        turns_of_writers=sum(writer.turns for writer in writers),
        runs=runs,
        runs_closed_for_the_dead=closed,
        segments_proven_equal=segments,
        seconds=round(seconds),
    )
