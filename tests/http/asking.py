"""A client that sends just what it is told, over TCP or over a unix socket."""

import http.client
import json
import socket
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from tests.daemon.running import Answer

ADMIN = "/api/v1/admin"
TOKEN = "a-token-for-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def connect(url: str) -> http.client.HTTPConnection:
    if url.startswith("unix:"):
        return UnixConnection(url.removeprefix("unix:"))
    parts = urlsplit(url)
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)


def ask(
    url: str,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """A `path` that begins without a slash is the API's; a body that is no bytes goes as JSON."""
    sent = {"Content-Type": "application/json"} | (headers or {})
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    with closing(connect(url)) as conn:
        conn.request(method, path if path.startswith("/") else f"{ADMIN}/{path}", data, sent)
        answer = conn.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, answer.read().decode(), found)
