"""A process that reads months ahead: one core parses while the server works on the other.

It ends when nobody asks any more: at the end of its input, also when whoever asked was killed.
When it ends by itself its months are read here, one by one.
"""

import gc
import os
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from giddyup_watch.ingest.bulk import month
from giddyup_watch.ingest.bulk.month import Month, Source
from giddyup_watch.model import SegmentKey

#: Months asked for: one that is read, and one that is next. What is read waits in the pipe.
ASKED = 2

_ENDED = (EOFError, OSError)


class Reader:
    """Gives months in the order in which they were asked for."""

    def __init__(self, source: Source) -> None:
        self._asked: deque[tuple[tuple[SegmentKey, ...], Future[Month | None]]] = deque()
        # What arrives is taken in while the server works on the month before it.
        self._thread = ThreadPoolExecutor(1, "reader")
        # A group of its own: an interrupt from the terminal is for whoever waits for it.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        self._to, self._from = _connections(self._process)
        self._send(source)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def room(self) -> int:
        """How many months more may be asked for."""
        return ASKED - len(self._asked)

    def ask(self, keys: Sequence[SegmentKey]) -> None:
        self._send(tuple(keys))
        self._asked.append((tuple(keys), self._thread.submit(self._receive)))

    def asked(self, keys: Sequence[SegmentKey]) -> bool:
        return any(asked == tuple(keys) for asked, _ in self._asked)

    def get(self, keys: Sequence[SegmentKey]) -> Month | None:
        """Return a month that was asked for, else None; those asked for before it are lost."""
        if not self.asked(keys):
            return None
        while self._asked:
            asked, made = self._asked.popleft()
            if asked == tuple(keys):
                return made.result()
        return None

    def close(self) -> None:
        with suppress(OSError):
            self._to.close()
        self._process.kill()  # it may be at work on what nobody wants any more
        self._process.wait()
        self._thread.shutdown()
        self._from.close()

    def _send(self, what: object) -> None:
        with suppress(*_ENDED):
            self._to.send(what)

    def _receive(self) -> Month | None:
        try:
            made: Month = self._from.recv()
        except _ENDED:
            return None
        return made


def _connections(process: "subprocess.Popen[bytes]") -> tuple["Connection[Any]", "Connection[Any]"]:
    """Take over the process's pipes, in which whole objects go."""
    assert process.stdin is not None  # noqa: S101  both are pipes
    assert process.stdout is not None  # noqa: S101
    with process.stdin, process.stdout:
        to, back = os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno())
    return Connection(to, readable=False), Connection(back, writable=False)


def main() -> None:
    # Rows are many and refer to nothing that refers to them: to look for circles among them
    # takes a fifth of the time.
    gc.disable()
    incoming, outgoing = Connection(0, writable=False), Connection(1, readable=False)
    with suppress(*_ENDED):
        source = incoming.recv()
        while True:
            outgoing.send(month.prepare(source, incoming.recv()))


if __name__ == "__main__":
    main()
