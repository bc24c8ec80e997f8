"""A watcher in a process of its own, for faults that come from outside: stop it, limit it.

As a program it watches argv[1] and prints one JSON object a line: notes, log
events, and all metrics when it is told to stop.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog.testing

from giddyup_watch.daemon.state.board import Board
from giddyup_watch.daemon.state.heartbeat import Heartbeat
from giddyup_watch.daemon.watching.watcher import Backend, Pace, Tree, Watcher
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import SegmentKey

REGIONS, CODES = ("gb", "ire"), ("flat", "jumps")


class Watched:
    """A watcher and everything it said."""

    def __init__(
        self,
        master: Path,
        *,
        backend: Backend,
        rescan: float,
        poll: float,
        say: Callable[..., None] = lambda **_: None,
    ) -> None:
        self.notes: list[tuple[str, str]] = []
        self.say = say
        self.failed = threading.Event()
        self.metrics = Metrics(regions=REGIONS, codes=CODES)
        self.board = Board(self.metrics)
        self.service = Watcher(
            self.failed,
            tree=Tree(master, REGIONS, CODES),
            backend=backend,
            pace=Pace(rescan=rescan, poll=poll),
            note=self._note,
            board=self.board,
            metrics=self.metrics,
            heartbeat=Heartbeat("watcher", self.metrics),
        )

    def _note(self, key: SegmentKey, source: str) -> None:
        self.notes.append((str(key), source))
        self.say(note=str(key), source=source)

    def noted(self, name: str, source: str | None = None) -> bool:
        return any(name == key and source in (None, told) for key, told in list(self.notes))

    @property
    def tree_is_up(self) -> bool:
        return not self.board.problem("tree")

    def value(self, name: str, **labels: str) -> float:
        return sample(self.metrics.render().decode(), name, labels)


def sample(exposition: str, name: str, labels: Mapping[str, str]) -> float:
    inner = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    wanted = f"giddyup_watch_{name}{'{' + inner + '}' if inner else ''} "
    line = next(line for line in exposition.splitlines() if line.startswith(wanted))
    return float(line.removeprefix(wanted))


class WatchProcess:
    """The same in a process of its own; `lines` has what it printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def logged(self, event: str, times: int = 1) -> bool:
        events = [line.get("event") for line in list(self.lines)]
        return events.count(event) >= times

    def noted(self) -> set[str]:
        return {line["note"] for line in list(self.lines) if "note" in line}

    def ready(self) -> bool:
        return any("ready" in line for line in list(self.lines))

    def end(self) -> str:
        """Stop it and return its metrics."""
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self._reader.join(20)
        assert self.process.wait(20) == 0
        return str(next(line["metrics"] for line in self.lines if "metrics" in line))


@contextmanager
def watch_process(
    master: Path, *, rescan: float, wrapper: Sequence[str] = ()
) -> Iterator[WatchProcess]:
    command = [*wrapper, sys.executable, __file__, str(master), str(rescan)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watched = WatchProcess(process)
        try:
            yield watched
        finally:
            process.kill()
            watched._reader.join(20)


def _say(**line: object) -> None:
    os.write(1, json.dumps(line, default=str).encode() + b"\n")


def _log(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    _say(**event)
    return ""


def _main(master: str, rescan: str) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    structlog.configure(
        processors=[_log],
        logger_factory=structlog.testing.ReturnLoggerFactory(),
    )
    watched = Watched(Path(master), backend="auto", rescan=float(rescan), poll=0.1, say=_say)
    with watched.service:
        while watched.board.problem("tree"):
            if signal.sigtimedwait({signal.SIGTERM}, 0.05):
                return
        _say(ready=True)
        signal.sigwait({signal.SIGTERM})
    _say(metrics=watched.metrics.render().decode())


if __name__ == "__main__":
    _main(*sys.argv[1:])
