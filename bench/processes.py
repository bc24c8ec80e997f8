"""What processes take of memory and processor, read from /proc."""

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

#: Seconds between two looks at memory.
LOOK_SECONDS = 0.2
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Processor time of the process, user's and system's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def status_mb(pid: int, name: str) -> float:
    """A size from /proc/PID/status: `VmRSS` is resident now, `VmHWM` was at the peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {name} in /proc")


def family_mb(pid: int) -> float:
    """Memory of a process and all below it, what they share counted once."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            total += _pss_kb(one)
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
    return total / 1024


def _pss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


class MemoryWatch:
    """Looks at a process and all below it, again and again; `peak_mb` is the most that was seen."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0.0
        self._pid = pid
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._enough.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._enough.wait(LOOK_SECONDS):
            self.peak_mb = max(self.peak_mb, family_mb(self._pid))
