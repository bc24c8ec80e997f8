"""A whole machine, booted: systemd as process 1, over a copy of this one.

It is an overlay over `/`, so what Debian packages are here are there. It lives in namespaces
of their own: when the process that booted it ends, however that ends, nothing is left.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.wait import wait_until

BOOT = Path(__file__).with_name("boot")
BOOT_SECONDS = 240
COMMAND_SECONDS = 180
NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd")
#: A unit that fails on any machine without hardware is of no interest.
BOOTED = ("running", "degraded")


class CommandError(AssertionError):
    """A command on the machine ended otherwise than it should."""


class Machine:
    """`root` is its file system, as this process sees it."""

    def __init__(self, folder: Path) -> None:
        self._console = (folder / "console").open("wb")
        place = folder / "overlay"
        place.mkdir()
        self._outermost = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL",
             "unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc",
             "--propagation", "private", BOOT, place],
            stdin=subprocess.DEVNULL, stdout=self._console, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._leader = 0

    def wait_until_booted(self) -> None:
        def up() -> bool:
            assert self._outermost.poll() is None, "it ended while it booted"
            self._leader = self._find_leader()
            return bool(self._leader) and self.state() in BOOTED

        wait_until(up, BOOT_SECONDS, what="not booted")

    @property
    def root(self) -> Path:
        return Path(f"/proc/{self._leader}/root")

    def state(self) -> str:
        return self.run("systemctl", "is-system-running", check=False).strip()

    def reboot(self) -> None:
        """Everything but `/run` and `/tmp` is there again afterwards."""
        before = self._leader
        self.run("systemctl", "reboot")
        wait_until(lambda: self._find_leader() not in (0, before), BOOT_SECONDS, what="no reboot")
        self.wait_until_booted()

    def run(self, *command: object, user: str = "root", check: bool = True, said: str = "") -> str:
        """What a command says on both streams; with `check` it has to succeed."""
        done = self.done(*command, user=user, said=said)
        if check and done.returncode:
            raise CommandError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}")
        return done.stdout

    def done(
        self, *command: object, user: str = "root", said: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """The same with its exit code; `said` is what it reads."""
        become = [] if user == "root" else ["runuser", "--user", user, "--"]
        return subprocess.run(
            ["nsenter", f"--target={self._leader}", *NAMESPACES, "--", *become, *map(str, command)],
            check=False, text=True, input=said, timeout=COMMAND_SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"},
        )  # fmt: skip

    def close(self) -> None:
        self._outermost.kill()
        self._outermost.wait(BOOT_SECONDS)
        self._console.close()

    def _find_leader(self) -> int:
        """Process 1 of the machine, as processes are counted here; 0 while there is none."""
        started = [self._outermost.pid]
        while started:
            pid = started.pop()
            try:
                if Path(f"/proc/{pid}/exe").readlink().name == "systemd":
                    return pid
            except OSError:
                continue
            started += _children(pid)
        return 0


def _children(pid: int) -> list[int]:
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return []


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    machine = Machine(folder)
    try:
        machine.wait_until_booted()
        yield machine
    finally:
        machine.close()
