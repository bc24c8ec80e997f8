"""uvicorn's HTTP/1.1 protocol with an end to every wait, and the peer of a unix socket."""

import asyncio
import json
import socket
import struct
from email.utils import formatdate
from typing import Any, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from giddyup_watch.http.problems import MEDIA_TYPE, Problem

#: Connections to a listener that are answered at the same time; others are told to come back.
CONNECTIONS = 200
#: From so many on nobody is told anything: each takes a descriptor, and the tree needs some too.
CONNECTIONS_MAX = 300
#: Seconds that a client gets to send the head of a request.
HEAD_SECONDS = 10.0
#: Seconds for a request as a whole, its answer read by the client.
REQUEST_SECONDS = 60.0

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid

CROWDED = Problem(
    503,
    f"{CONNECTIONS} connections are open",
    "close those that are not needed, or come back later",
    "crowded",
    headers={"Retry-After": "5", "Connection": "close"},
)

NOT_HTTP = Problem(400, "what came is no HTTP request", "speak HTTP/1.1 to this port")

Phase = Literal["head", "request", "between"]


class Protocol(H11Protocol):
    """Puts the uid of a unix socket's peer into the scope's state, as `peer`.

    `crowded` is there when the connection is one too many: the app answers it so.

    `lost` is done when the connection is gone.
    """

    head_seconds = HEAD_SECONDS
    request_seconds = REQUEST_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lost: asyncio.Future[None] = self.loop.create_future()
        self._phase: Phase = "between"
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()
            return
        if len(self.connections) > CONNECTIONS:
            self.app_state = {**self.app_state, "crowded": True}
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None and sock.family == socket.AF_UNIX:
            told = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            self.app_state = {**self.app_state, "peer": _CREDENTIALS.unpack(told)[1]}
        self._enter("head")

    def data_received(self, data: bytes) -> None:
        date = formatdate(usegmt=True).encode()  # uvicorn's server would wake up for it
        self.server_state.default_headers = [(b"date", date)]
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._enter("between")
        super().connection_lost(exc)
        self.lost.set_result(None)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn has its own words
        """What cannot be read as HTTP, told like every other error, in our words."""
        body = json.dumps(NOT_HTTP.document()).encode()
        headers = [
            ("content-type", MEDIA_TYPE),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        """Uvicorn watches the time between two requests only, and only after the first."""
        if self.cycle is not None and self._is_under_way():
            self._enter("request")
        else:
            self._enter("head" if self.conn.trailing_data[0] else "between")

    def _is_under_way(self) -> bool:
        """Whether some of the request or its answer is still to travel: either may do it slowly."""
        return (
            not self.cycle.response_complete
            or self.conn.their_state is h11.SEND_BODY
            or self.transport.get_write_buffer_size() > 0
        )

    def _enter(self, phase: Phase) -> None:
        if phase == self._phase:
            return
        self._phase = phase
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if phase != "between":
            seconds = self.head_seconds if phase == "head" else self.request_seconds
            self._deadline = self.loop.call_later(seconds, self.transport.abort)
