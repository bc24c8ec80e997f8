"""`giddyup-watch` as a process of its own that starts warm: forked from one that has imported it.

Imports are nearly a second of CPU time for each start from cold, and the suite starts a hundred.
How the program comes up from nothing is for tests/cli, tests/test_wheel.py and the tour to see.
"""

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import giddyup_watch
from giddyup_watch.cli import main

REPOSITORY = Path(__file__).parents[1]
MESSAGE_BYTES = 2**20


class Process:
    """What `subprocess.Popen` is, for a child of the warm process."""

    def __init__(self, warm: "Warm", pid: int) -> None:
        self.pid = pid
        self._warm = warm
        self._ended = os.pidfd_open(pid)  # nobody reaps it before we ask for its exit code
        self._code: int | None = None

    def poll(self) -> int | None:
        return self._exit_code(0)

    def wait(self, timeout: float) -> int:
        code = self._exit_code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _exit_code(self, timeout: float) -> int | None:
        if self._code is None and select.select([self._ended], [], [], timeout)[0]:
            os.close(self._ended)
            self._code = self._warm.ask(reap=self.pid)
        return self._code


class Warm:
    """The process that starts others, itself started when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def start(self, *args: str, out: int, err: int) -> Process:
        """`giddyup-watch ARGS`, with our environment and folder, and these two descriptors."""
        request = {"argv": ["giddyup-watch", *args], "cwd": str(Path.cwd()), "env": {**os.environ}}
        return Process(self, self.ask(out, err, **request))

    def run(self, *args: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Start it, wait for its end, and give what it said."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            code = self.start(*args, out=out.fileno(), err=err.fileno()).wait(seconds)
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(args, code, out.read(), err.read())

    def ask(self, *descriptors: int, **request: object) -> int:
        """Send a request and read the answer: a process id, or an exit code."""
        if self._process is None:
            theirs = self._theirs.fileno()
            command = [sys.executable, "-m", __name__, str(theirs)]
            self._process = subprocess.Popen(command, cwd=REPOSITORY, pass_fds=[theirs])
        socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
        return int(self._socket.recv(MESSAGE_BYTES))

    def close(self) -> None:
        """End it: it has nobody to listen to any more."""
        self._socket.close()
        self._theirs.close()
        if self._process is not None:
            self._process.wait()


#: The one of this run of tests; its fixture ends it.
PROCESS = Warm()


def _serve(requests: socket.socket) -> None:
    """Start a child for each request that has arguments, reap one for the others, until the end."""
    _import_everything()
    gc.freeze()  # what is there now is shared with the children, and stays so
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 2)
        if not message:
            return
        request = json.loads(message)
        if "argv" not in request:
            code = os.waitstatus_to_exitcode(os.waitpid(request["reap"], 0)[1])
            requests.send(str(code).encode())
        elif pid := os.fork():
            requests.send(str(pid).encode())
            for descriptor in descriptors:
                os.close(descriptor)
        else:
            requests.close()
            _become(request, *descriptors)


def _import_everything() -> None:
    for module in pkgutil.walk_packages(giddyup_watch.__path__, "giddyup_watch."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.off"):
        importlib.import_module(name)


def _become(request: dict[str, Any], out: int, err: int) -> NoReturn:
    """The program, as a shell would have started it."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, wanted in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(descriptor, wanted)
    os.closerange(3, max(nothing, out, err) + 1)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = request["argv"]
    main.main()
    raise SystemExit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
