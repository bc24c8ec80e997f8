"""A process before a terminal, as a person starts it."""

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.wait import wait_until

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

#: Columns, so that no table is folded.
WIDTH = 200


@dataclass
class Terminal:
    child: subprocess.Popen[bytes]
    master: int
    _seen: bytearray = field(default_factory=bytearray)

    def screen(self) -> str:
        """Everything written so far, without colours and cursor movements."""
        while _readable(self.master):
            try:
                chunk = os.read(self.master, 65_536)
            except OSError:  # the process has gone, and with it the other end
                break
            if not chunk:
                break
            self._seen += chunk
        return _CONTROL.sub("", self._seen.decode(errors="replace"))

    def wait_for(self, text: str, timeout: float = 30) -> str:
        wait_until(lambda: text in self.screen(), timeout, what=f"{text!r} in {self.screen()!r}")
        return self.screen()

    def end(self, timeout: float = 30) -> int:
        """The exit code, once the process has ended."""
        wait_until(
            lambda: (self.screen(), self.child.poll() is not None)[1],
            timeout,
            what="the process ends",
        )
        return self.child.returncode


@contextmanager
def started(*args: object) -> Iterator[Terminal]:
    """Start `giddyup-watch ARGS` with all three streams on a terminal."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "giddyup_watch", *map(str, args)]
    environ = os.environ | {"COLUMNS": str(WIDTH), "TERM": "xterm"}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environ) as child:
        os.close(slave)
        try:
            yield Terminal(child, master)
        finally:
            if child.poll() is None:
                child.kill()
            os.close(master)


def _readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])
