"""Listening sockets of our own: on TCP, and in a folder."""

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from giddyup_watch.errors import ConfigError

BACKLOG = 128  # connections

Address = tuple[str, int] | Path


class Listening:
    """A socket that somebody can reach, at `url`; takes its name out of the folder in the end."""

    def __init__(self, address: Address) -> None:
        if isinstance(address, Path):
            self.socket = listen_locally(address)
            self.url = f"unix:{address}"
            self._path: Path | None = address
            self._inode = address.stat().st_ino
        else:
            self.socket = listen(*address)
            host, port, *_ = self.socket.getsockname()
            self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            self._path = None

    def close(self) -> None:
        """Harmless when it is closed; a name that somebody else has taken is left to him."""
        self.socket.close()
        if self._path is not None:
            with suppress(OSError):
                if self._path.lstat().st_ino == self._inode:
                    self._path.unlink()


def listen(host: str, port: int) -> socket.socket:
    """Bind, or raise ConfigError. Port 0 leaves the choice to the kernel.

    The protocol is named because asyncio sets TCP_NODELAY only on sockets that
    say they are TCP: without it an answer takes 44 ms instead of 0.9.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            hint="is another daemon running? http.listen chooses the address",
        ) from error
    return sock


def listen_locally(path: Path) -> socket.socket:
    """Bind a unix socket that only its owner and root can use, or raise ConfigError.

    It gets its name when it is ready: until then nobody can connect. One that a
    killed daemon left is replaced, one that is answered is not ours to take.
    """
    made = path.with_name(f"{path.name}.{os.getpid()}")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_taken(path)
        made.unlink(missing_ok=True)
        os.fchmod(sock.fileno(), 0o600)  # before it has a name: no umask gives it another mode
        sock.bind(str(made))
        sock.listen(BACKLOG)
        made.rename(path)
    except OSError as error:
        sock.close()
        with suppress(OSError):
            made.unlink(missing_ok=True)
        raise ConfigError(
            f"cannot listen on {path}: {error.strerror or error}",
            hint="is another daemon running? Each needs a state or runtime directory of its own",
        ) from error
    return sock


def _refuse_taken(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(None, "something that is no socket has its name")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
    raise FileExistsError(None, "another daemon answers there")
