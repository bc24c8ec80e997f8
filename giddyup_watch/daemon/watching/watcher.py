"""Notices that something changed in the tree: by events and by looking, neither trusted alone."""

import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from giddyup_watch.daemon.service import Service
from giddyup_watch.daemon.state.board import NOT_CHECKED, Board
from giddyup_watch.daemon.state.heartbeat import Heartbeat
from giddyup_watch.daemon.watching import inotify, rescan
from giddyup_watch.errors import TreeMissingError
from giddyup_watch.logs import Event
from giddyup_watch.metrics import Metrics
from giddyup_watch.model import SegmentKey, SegmentStamp, Trigger, newest_first
from giddyup_watch.source import layout

Backend = Literal["auto", "inotify", "polling"]
Mode = Literal["inotify", "polling"]
Reason = Literal["startup", "interval", "poll", "directory", "overflow", "rebuilt"]

#: Seconds between a directory's event and the look that finds what was in it before its watch.
DIRECTORY_DELAY = 0.5
#: Seconds after which the kernel is asked again for the watches it refused.
LIMIT_RETRY = 600.0
#: Seconds that the loop rests at most: its pulse.
PULSE = 1.0
#: Names that one log line carries.
SAMPLE = 10

LIMIT_REACHED = "the limit of inotify watches is reached"
NO_EVENTS = "changes were found, but this file system tells of none"
HINTS = {
    LIMIT_REACHED: "raise fs.inotify.max_user_watches (or max_user_instances) by sysctl",
    NO_EVENTS: 'set watch.backend = "polling" to begin with it',
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tree:
    """What is watched."""

    master: Path
    regions: tuple[str, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks: where events come, and where there are none."""

    rescan: float
    poll: float


class Watcher(Service):
    """Tells `note` which segments look changed, and the board how the tree is."""

    name = "watcher"

    def __init__(
        self,
        failed: threading.Event,
        *,
        tree: Tree,
        backend: Backend,
        pace: Pace,
        note: Callable[[SegmentKey, Trigger], None],
        board: Board,
        metrics: Metrics,
        heartbeat: Heartbeat,
    ) -> None:
        super().__init__(failed)
        self.pace = pace
        self._tree = tree
        self._backend = backend
        self._note = note
        self._board = board
        self._metrics = metrics
        self._heartbeat = heartbeat
        self._inbox: queue.SimpleQueue[inotify.Told | inotify.Trouble] = queue.SimpleQueue()
        self._observer: inotify.Observer | None = None
        self._observe_at: float | None = None  # None: never
        self._degraded = ""
        self._heard = False  # has any event come from this observer?
        self._real = tree.master
        self._root: tuple[int, int] | None = None
        self._census = rescan.Census()
        self._told: dict[SegmentKey, float] = {}
        self._strangers: frozenset[str] = frozenset()
        self._scan: tuple[float, Reason] = (0.0, "startup")

    @property
    def mode(self) -> Mode:
        return "polling" if self._observer is None else "inotify"

    def change_pace(self, pace: Pace) -> None:
        """From the next look on, which is made at once."""
        self.pace = pace
        self._scan = (0.0, self._scan[1])
        self.ring()

    def run(self) -> None:
        self._observe_at = None if self._backend == "polling" else 0.0
        self._scan = (0.0, "startup")
        try:
            while not self.stopping.is_set():
                self._turn(time.monotonic())
                self._heartbeat.beat()
                self.rest(min(PULSE, self._scan[0] - time.monotonic()))
        finally:
            self._close()

    def _turn(self, now: float) -> None:
        self._drain(now)
        if self._observer is not None and not self._observer.alive:
            log.warning(Event.EVENTS_LOST, reason="a thread of the observer ended")
            self._close()
            self._observe_at = now
        if self._observer is None and self._observe_at is not None and now >= self._observe_at:
            self._observe(now)
        if now >= self._scan[0]:
            self._look(self._scan[1])
            if self._observer is None or self._board.problem("tree"):
                self._scan = (time.monotonic() + self.pace.poll, "poll")
            else:
                self._scan = (time.monotonic() + self.pace.rescan, "interval")

    # Events: hints, put by watchdog's threads and heard by ours.

    def _put(self, item: inotify.Told | inotify.Trouble) -> None:
        self._inbox.put(item)
        self.ring()

    def _drain(self, now: float) -> None:
        for _ in range(self._inbox.qsize()):
            item = self._inbox.get()
            if isinstance(item, inotify.Told):
                self._hear(item, now)
            elif item == "overflow":
                log.warning(Event.EVENTS_LOST, reason="the kernel's queue ran over")
                self._metrics.inc("fs_queue_overflows_total")
                self._look_at(now, "overflow")
            elif self._observer is not None:
                self._degrade(LIMIT_REACHED, again=now + LIMIT_RETRY)

    def _hear(self, told: inotify.Told, now: float) -> None:
        self._heard = True
        self._metrics.inc("fs_events_total", kind=told.kind)
        if told.is_directory:
            self._look_at(now + DIRECTORY_DELAY, "directory")
        for path in told.paths:
            key = layout.segment_of(self._real, path, self._tree.regions, self._tree.codes)
            if key is not None:
                self._told[key] = time.time()
                self._note(key, "watch")

    # The observer: opened before a look, closed when it is of no use, opened again.

    def _observe(self, now: float) -> None:
        """Watch first, then look: what happens between the two is seen twice, not never."""
        self._observe_at = now + self.pace.poll
        self._real = Path(os.path.realpath(self._tree.master))  # a link is followed here, once
        try:
            status = self._real.stat()
            self._observer = inotify.Observer(self._real, self._put)
        except OSError as error:
            if error.errno in inotify.LIMITS:
                self._degrade(LIMIT_REACHED, again=now + LIMIT_RETRY)
            return  # else the tree is not there, as the next look will say
        if self._observer.refused:
            self._degrade(LIMIT_REACHED, again=now + LIMIT_RETRY)
            return
        self._root = (status.st_dev, status.st_ino)
        self._heard, self._degraded = False, ""
        log.info(Event.WATCH_STARTED, directories=self._observer.directories)
        self._scan = (now, "startup" if self._scan[1] == "startup" else "rebuilt")

    def _degrade(self, reason: str, *, again: float | None) -> None:
        """Go on by looking alone, until `again`; the first look is due at once."""
        self._close()
        self._look_at(time.monotonic(), "poll")
        self._observe_at = again
        if self._degraded != reason:
            self._degraded = reason
            log.warning(Event.WATCH_DEGRADED, reason=reason, mode="polling", hint=HINTS.get(reason))

    def _close(self) -> None:
        if self._observer is not None:
            self._observer.close()
            self._observer = None
        self._metrics.set("watched_directories", 0)

    # The look: the truth, as far as a stat can tell.

    def _look_at(self, when: float, reason: Reason) -> None:
        if when < self._scan[0]:
            self._scan = (when, reason)

    def _look(self, reason: Reason) -> None:
        self._heartbeat.beat("look")
        started, wall = time.monotonic(), time.time()
        self._metrics.inc("rescans_total", reason=reason)
        try:
            look = layout.look(self._tree.master, self._tree.regions, self._tree.codes)
        except TreeMissingError as error:
            self._close()
            self._say_tree(error.message)
            return
        self._metrics.observe("rescan_duration_seconds", time.monotonic() - started)
        self._metrics.set("rescan_last_success_timestamp_seconds", wall)
        if self._replaced(look):
            return
        segments = layout.present(look.segments)
        self._report(look, segments)
        if segments:
            self._compare(segments, wall, reason)

    def _replaced(self, look: layout.Look) -> bool:
        """Whether the observer watches another directory than the one that is there now."""
        before, self._root = self._root, look.root
        if before in (None, look.root):
            return False
        if not self._board.problem("tree"):
            self._say_tree("another directory is in its place")
        if self._observer is None:
            return False
        self._close()
        self._observe_at = 0.0
        return True

    def _report(self, look: layout.Look, segments: Mapping[SegmentKey, SegmentStamp]) -> None:
        self._say_tree("" if segments else f"there is no segment below {self._tree.master}")
        new = look.strangers - self._strangers
        if new:
            self._strangers |= new
            log.warning(Event.STRANGERS_FOUND, count=len(new), names=sorted(new)[:SAMPLE])
        if self._observer is not None:
            self._metrics.set("watched_directories", self._observer.directories)
        for (region, code), seconds in rescan.newest_manifests(segments).items():
            self._metrics.set(
                "manifest_newest_timestamp_seconds", seconds, region=region, code=code
            )

    def _compare(
        self, segments: Mapping[SegmentKey, SegmentStamp], wall: float, reason: Reason
    ) -> None:
        found = self._census.compare(segments, self._told, wall)
        for key in sorted(found.untold, key=newest_first):
            self._note(key, "rescan")
        if self._observer is None or reason in ("startup", "rebuilt"):
            self._census.forgive()
        elif found.missed:
            names = sorted(str(key) for key in found.missed)[:SAMPLE]
            log.warning(Event.EVENTS_MISSED, count=len(found.missed), segments=names)
            self._metrics.inc("events_missed_total", len(found.missed))
            if not self._heard and self._backend == "auto":
                self._degrade(NO_EVENTS, again=None)

    def _say_tree(self, problem: str) -> None:
        before = self._board.problem("tree")
        if not self._board.set("tree", problem):
            return
        self._metrics.set("tree_up", not problem)
        if problem:
            log.error(Event.TREE_LOST, reason=problem, path=str(self._tree.master))
        elif before != NOT_CHECKED:
            log.info(Event.TREE_BACK, path=str(self._tree.master))
