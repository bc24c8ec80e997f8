"""What systemd is told: the datagrams of sd_notify(3)."""

import os
import socket


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
