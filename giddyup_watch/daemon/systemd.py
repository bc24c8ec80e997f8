"""What systemd is told: the datagrams of sd_notify(3)."""

import os
import socket
import threading
import time

from giddyup_watch.daemon.service import Service

#: Seconds between two requests for more time.
EXTEND_EVERY = 1.0
#: What each asks for, from then on: a few of them may come late on a busy machine.
MORE_TIME = "EXTEND_TIMEOUT_USEC=10000000"


def notify(*assignments: str) -> None:
    """Send `READY=1` and the like; without a listening systemd nothing happens."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto("\n".join(assignments).encode(), address)
        except OSError:
            return  # it is systemd that waits for us, not the other way round


def reloading() -> None:
    """Say that settings are being read; `READY=1` ends it."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


class Extender(Service):
    """Asks for more time while the main thread waits for what takes as long as it takes.

    Whatever it waits for has a limit of its own: a database that recovers has to show progress.
    """

    name = "extender"

    def __init__(self) -> None:
        super().__init__(threading.Event())

    def run(self) -> None:
        while not self.stopping.is_set():
            notify(MORE_TIME)
            self.rest(EXTEND_EVERY)
