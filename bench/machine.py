"""On what it was measured, and whether the machine had other work."""

import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Load of others, by the average of a minute, from which on the figures say little.
QUIET_LOAD = 0.5


def told(settings: Mapping[str, str]) -> Iterator[str]:
    """The machine, the server's settings, the load, as lines of text."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield (
        f"{os.cpu_count()} x {_processor()}, {memory:.0f} GiB, {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}"
    )
    version, *others = settings.items()
    yield f"PostgreSQL {version[1]}, the same for all: " + ", ".join(
        f"{name} = {value}" for name, value in others
    )
    yield "load average at the start: {:.2f} {:.2f} {:.2f}".format(*os.getloadavg())


def warning() -> str:
    """Empty on a quiet machine."""
    load = os.getloadavg()[0]
    if load <= QUIET_LOAD:
        return ""
    return f"NOT QUIET: others kept a load of {load:.1f}; seconds are too many, ratios are rough."


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
