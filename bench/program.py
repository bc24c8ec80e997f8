"""The program's commands as processes, on the place's tree and one of its databases."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.place import Place
from bench.processes import MemoryWatch

DATABASE = "giddyup"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended; `peak_mb` is with the processes it started."""

    seconds: float
    peak_mb: float
    code: int
    said: str


def environment(folder: Path) -> Mapping[str, str]:
    """No settings but those of the file, and no daemon but ours to hand anything to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIDDYUP")}
    return kept | {"STATE_DIRECTORY": str(folder / "own"), "RUNTIME_DIRECTORY": str(folder / "own")}


def configure(path: Path, master: Path, url: str, more: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'[master]\npath = "{master}"\n[database]\nurl = "{url}"\n[log]\nformat = "json"\n{more}'
    )


def run(
    place: Place,
    *words: str,
    database: str = DATABASE,
    more: str = "",
    codes: tuple[int, ...] = (0,),
) -> Ran:
    """Run `giddyup-watch WORDS` to its end, which has to be one of `codes`."""
    config = place.folder / "own" / "command.toml"
    configure(config, place.master, place.database(database), more)
    command = [sys.executable, "-m", "giddyup_watch", *words, "--config", str(config)]
    began = perf_counter()
    with subprocess.Popen(
        command,
        env=environment(place.folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        with MemoryWatch(process.pid) as memory:
            said, _ = process.communicate()
        seconds = perf_counter() - began
    if process.returncode not in codes:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}:\n{said[-3000:]}")
    return Ran(seconds, memory.peak_mb, process.returncode, said)
