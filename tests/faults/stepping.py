"""A writer in a process of its own, held up at every system call that changed a file."""

import ctypes
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.model import SegmentKey

SYSCALL, SEIZE, INTERRUPT = 24, 0x4206, 0x4207
#: Stops at system calls can be told from others; nobody is left when we end.
OPTIONS = 0x1 | 0x100000
AT_SYSCALL = signal.SIGTRAP | 0x80
ALL_CHILDREN = 0x40000000

_PROGRAM = """
import pickle, sys
from giddyup_watch.demo import writers
name, master, how, key, card = pickle.load(open(sys.argv[1], "rb"))
sys.stdin.read()
getattr(getattr(writers, name)(master), how)(key, card)
"""
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_LIBC.ptrace.restype = ctypes.c_long


def write(writer: str, master: Path, how: str, key: SegmentKey, card: Card) -> Iterator[None]:
    """Let a writer of the demo work; yields whenever something is not as it was."""
    task = master.with_suffix(".task")
    task.write_bytes(pickle.dumps((writer, master, how, key, card)))
    command = [sys.executable, "-c", _PROGRAM, str(task)]
    program = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        assert program.stdin is not None
        _ptrace(SEIZE, program.pid, OPTIONS)
        _ptrace(INTERRUPT, program.pid)
        os.waitpid(program.pid, ALL_CHILDREN)
        _ptrace(SYSCALL, program.pid)
        program.stdin.close()
        yield from _steps(program, master)
        assert program.returncode == 0
    finally:
        with suppress(ProcessLookupError):
            os.kill(program.pid, signal.SIGKILL)
        program.wait()


def _steps(program: subprocess.Popen[bytes], master: Path) -> Iterator[None]:
    seen = _stamps(master)
    while True:
        _, status = os.waitpid(program.pid, ALL_CHILDREN)
        if not os.WIFSTOPPED(status):
            program.returncode = os.waitstatus_to_exitcode(status)
            return
        stop, passed_on = os.WSTOPSIG(status), 0
        if stop == AT_SYSCALL:
            found = _stamps(master)
            if found != seen:
                seen = found
                yield
        elif not status >> 16:  # a signal, and no event of the tracing itself
            passed_on = stop
        _ptrace(SYSCALL, program.pid, passed_on)


def _stamps(master: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for path in master.rglob("*"):
        status = path.stat()
        found[str(path)] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _ptrace(request: int, pid: int, data: int = 0) -> None:
    if _LIBC.ptrace(request, pid, None, data):
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace: {os.strerror(error)}")
