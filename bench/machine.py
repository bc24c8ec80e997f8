"""On what it was measured, and whether the machine had other work."""

import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Load of others, by the average of a minute, from which on the figures say little.
QUIET_LOAD = 0.5


def told() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} x {_processor()}, {memory:.0f} GiB, {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}"
    )


def server(settings: Mapping[str, str]) -> str:
    version, *others = settings.items()
    told = ", ".join(f"{name} = {value}" for name, value in others)
    return f"PostgreSQL {version[1]}, the same for all: {told}"


def load() -> Iterator[str]:
    """The load before anything is measured, with a warning when the machine is not quiet."""
    now = os.getloadavg()
    yield "load average at the start: {:.2f} {:.2f} {:.2f}".format(*now)
    if now[0] > QUIET_LOAD:
        yield "NOT QUIET: others were at work; seconds are too many, ratios are rough"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
