"""A TCP address in front of a server's socket, and what networks do on the way."""

import ctypes
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CHUNK = 65536
#: Linux's: a program of the old packet filter that every packet to a socket has to pass.
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
_RETURN_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)

Address = Path | tuple[str, int]


class Proxy:
    """Forwards connections to `target`, a socket's path or a TCP address, as it is told.

    Not forwarded, bytes are still acknowledged by the kernel, as by a machine whose program
    hangs; with `drop` nothing is, as by a machine without power.
    """

    def __init__(self, target: Address) -> None:
        self.served = 0
        self._target = target
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._limit = 0
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = self._start()

    def url(self, url: str, host: str = "127.0.0.1") -> str:
        """A database URL for this way to the same database, other options left out."""
        return f"{url.partition('?')[0].replace('@/', f'@{host}:{self.port}/')}?sslmode=disable"

    def cut(self) -> None:
        """End every connection; new ones are taken."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.shut()
        flowing = self._flowing.is_set()
        self._flowing.set()  # whoever waits there finds nobody to pass anything to
        for link in links:
            link.join()
        if not flowing:
            self._flowing.clear()

    def cut_after(self, size: int) -> None:
        """End the first connection on which so many bytes more go to the server."""
        with self._lock:
            for link in self._links:
                link.sent = 0
            self._limit = size

    def stall(self) -> None:
        """Take bytes and connections, and pass nothing on."""
        self._flowing.clear()

    def drop(self) -> None:
        """Lose every packet from either side, so that nobody is told anything."""
        self._flowing.clear()
        with self._lock:
            for link in self._links:
                link.drop()
        _drop(self._listener)

    def flow(self) -> None:
        """Pass on again what was held back, and what comes."""
        for sock in (self._listener, *(one for link in self._links for one in link.sockets)):
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        self._flowing.set()

    def refuse(self) -> None:
        """Listen no more: who connects is refused. What is connected stays so."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()

    def accept(self) -> None:
        """Listen again after `refuse`, at the same address."""
        self._listener = self._listen(self.port)
        self._acceptor = self._start()

    def close(self) -> None:
        self.refuse()
        self.cut()

    def may_pass(self, link: "_Link") -> bool:
        """Wait until bytes may go on; False to end the link."""
        self._flowing.wait()
        with self._lock:
            if not self._limit or link.sent < self._limit:
                return True
            self._limit = 0
        return False

    def _listen(self, port: int) -> socket.socket:
        return socket.create_server(("127.0.0.1", port))

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._accept, args=(self._listener,))
        thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = _connect(self._target)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._links = [link for link in self._links if not link.ended]
                self._links.append(_Link(self, client, server))
            self.served += 1


class _Link:
    """One connection: what ends on one side ends on the other."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.sockets = (client, server)
        self.sent = 0
        self._proxy = proxy
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def drop(self) -> None:
        for sock in self.sockets:
            _drop(sock)

    def shut(self) -> None:
        for sock in self.sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        client, server = self.sockets
        back = threading.Thread(target=self._pump, args=(server, client))
        with client, server:
            back.start()
            self._pump(client, server)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        to_server = source is self.sockets[0]
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self.sent += len(data) if to_server else 0
                if not self._proxy.may_pass(self):
                    break
                sink.sendall(data)
        self.shut()


def _connect(target: Address) -> socket.socket:
    if isinstance(target, Path):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(target))
        except OSError:
            server.close()
            raise
        return server
    return socket.create_connection(target)


def _drop(sock: socket.socket) -> None:
    if sock.family == socket.AF_UNIX:
        return
    program = ctypes.create_string_buffer(_RETURN_NOTHING)
    packed = struct.pack("HP", 1, ctypes.addressof(program))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, packed)


@contextmanager
def in_front_of(target: Address) -> Iterator[Proxy]:
    made = Proxy(target)
    try:
        yield made
    finally:
        made.close()
