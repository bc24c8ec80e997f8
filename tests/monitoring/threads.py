"""Stops one thread of another process, as a hang would: the others go on."""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WALL = 0x40000000
#: Seconds in which every loop makes progress, unless it is stopped.
_PULSE = 4.0

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def stopped(pid: int, beat: Callable[[], float]) -> Iterator[None]:
    """Stop the thread whose `beat` stands still when it is stopped; it goes on at the end.

    Threads are tried one by one, since nobody outside knows their names. `beat`
    raises OSError while one that the others need is stopped.
    """
    for thread in sorted(int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()):
        if thread == pid:
            continue
        with _traced(thread):
            if _stands_still(beat):
                yield
                return
    raise AssertionError("no thread moves it")


def _stands_still(beat: Callable[[], float]) -> bool:
    try:
        before = beat()
        threading.Event().wait(_PULSE)
        return beat() == before
    except OSError:
        return False


@contextmanager
def _traced(thread: int) -> Iterator[None]:
    _ptrace(_SEIZE, thread)
    try:
        _ptrace(_INTERRUPT, thread)
        os.waitpid(thread, _WALL)
        yield
    finally:
        _ptrace(_DETACH, thread)


def _ptrace(request: int, thread: int) -> None:
    if _libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
