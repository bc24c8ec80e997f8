"""watchdog's inotify observer, made to tell of lost events and refused watches."""

import errno
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from watchdog import events
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

#: Opening and reading are left out: we do both ourselves all the time.
_EVENTS: list[type[events.FileSystemEvent]] = [
    events.FileCreatedEvent,
    events.FileModifiedEvent,
    events.FileAttribEvent,
    events.FileMovedEvent,
    events.FileClosedEvent,
    events.FileDeletedEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
    events.DirDeletedEvent,
]

#: What the kernel says when a user has used up watches or instances, or it has no memory for one.
LIMITS = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@dataclass(frozen=True, slots=True)
class Told:
    """One event: something happened at these paths."""

    kind: str
    is_directory: bool
    paths: tuple[str, ...]


#: The kernel dropped events; a directory could not be watched.
Trouble = Literal["overflow", "limit"]
Tell = Callable[[Told | Trouble], None]


class Observer:
    """Watches a tree from construction to `close`; OSError when it cannot.

    `tell` is called from watchdog's threads and must do no more than put: one
    that raises ends the thread.
    """

    def __init__(self, root: Path, tell: Tell) -> None:
        # A directory made inside a new one is met twice, by the walk and by its
        # own event. The second watch replaces the first, which is what it should.
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        self._descriptor = _Descriptor(tell)
        self._observer = BaseObserver(InotifyEmitter, inotify_fd=self._descriptor)
        self._observer.schedule(_Handler(tell), str(root), recursive=True, event_filter=_EVENTS)
        self._descriptor.start()
        with ExitStack() as undo:
            undo.callback(self._close_descriptor)
            self._observer.start()
            undo.pop_all()

    @property
    def alive(self) -> bool:
        """Whether all its threads are: any of them can end while the others go on."""
        threads = (self._observer, self._descriptor, *self._observer.emitters)
        return all(thread.is_alive() for thread in threads)

    @property
    def refused(self) -> bool:
        """Whether the kernel refused to watch some directory."""
        return self._descriptor.refused

    @property
    def directories(self) -> int:
        return len(self._descriptor.watched)

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()
        self._close_descriptor()

    def _close_descriptor(self) -> None:
        self._descriptor.stop()
        self._descriptor.join()


class _Handler(events.FileSystemEventHandler):
    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def dispatch(self, event: events.FileSystemEvent) -> None:
        paths = tuple(str(path) for path in (event.src_path, event.dest_path) if path)
        self._tell(Told(event.event_type, event.is_directory, paths))


class _Descriptor(InotifyFD):
    """Reads the kernel's queue for watchdog, which swallows refusals and only logs overflows."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell
        self.refused = False
        self.watched: set[WatchDescriptor] = set()

    def add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        try:
            watch = super().add_callback(path, mask, callback, id_)
        except OSError as error:
            if error.errno in LIMITS:
                self.refused = True
                self._tell("limit")
            raise
        self.watched.add(watch)
        return watch

    def remove_callbacks(self, callbacks: list[tuple[WatchDescriptor, CallbackId]]) -> None:
        super().remove_callbacks(callbacks)
        self.watched.difference_update(watch for watch, _ in callbacks)

    def handle_event(self, event: InotifyEvent) -> None:
        super().handle_event(event)
        if event.is_ignored:  # the directory is gone, and the kernel's watch with it
            self.watched.discard(event.wd)
        elif event.is_queue_overflow:
            self._tell("overflow")
