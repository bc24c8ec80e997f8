"""What stands before the API: who may pass, how much, how often; and who changed what."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from giddyup_watch.http.access.trust import Gatekeeper
from giddyup_watch.http.operations.desk import Deed
from giddyup_watch.http.problems import Problem

#: Answered to everybody: scrapes and probes.
OPEN = frozenset({"/metrics", "/healthz", "/readyz"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
#: Characters of a request that the log keeps.
LOGGED = 500

#: How often the size that is allowed is read of what is larger, and thrown away: who hangs up
#: on a client that is still sending takes the answer from it too.
DRAINED = 16

#: No more of this request is read.
_CLOSE = {"Connection": "close"}

_TWO_LENGTHS = Problem(
    400,
    "the request has a Content-Length and a Transfer-Encoding",
    "send one of them",
    headers=_CLOSE,
)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, so many each second in the long run."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Limits:
    """For all clients of a listener together. `refused` counts wrong tokens and their like."""

    body_bytes: int = 64 * 1024
    body_seconds: float = 10.0
    reads: Rate = Rate(300, 100.0)
    writes: Rate = Rate(30, 2.0)
    refused: Rate = Rate(20, 1.0)


class Bucket:
    """Tells whether a rate is kept; times are monotonic seconds given by the caller."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._left = float(rate.burst)
        self._at = 0.0

    def empty(self, now: float) -> bool:
        gained = max(0.0, now - self._at) * self._rate.per_second
        self._left = min(float(self._rate.burst), self._left + gained)
        self._at = now
        return self._left < 1.0

    def take(self, now: float) -> bool:
        if self.empty(now):
            return False
        self._left -= 1.0
        return True


class Gate:
    """Lets requests through to `app`; who asks is in the scope's state as `visitor`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        name: str,
        keeper: Gatekeeper,
        limits: Limits,
        log: Callable[[Deed], None],
    ) -> None:
        self._app = app
        self._name = name
        self._keeper = keeper
        self._limits = limits
        self._log = log
        self._reads, self._writes = Bucket(limits.reads), Bucket(limits.writes)
        self._refused = Bucket(limits.refused)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _has_two_lengths(scope):
            await _TWO_LENGTHS.response()(scope, receive, send)
        elif scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
        elif scope["method"] in READING:
            await self._read(scope, receive, send)
        else:
            await self._write(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        visitor = self._admit(scope, self._reads, writes=False)
        if isinstance(visitor, Problem):
            await visitor.response()(scope, receive, send)
            return
        scope["state"]["visitor"] = visitor
        await self._app(scope, receive, send)

    async def _write(self, scope: Scope, receive: Receive, send: Send) -> None:
        visitor = self._admit(scope, self._writes, writes=True)
        body = b"" if isinstance(visitor, Problem) else await self._body(scope, receive)
        status = 500  # unless an answer begins

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        refusal = next((one for one in (visitor, body) if isinstance(one, Problem)), None)
        try:
            if refusal is not None:
                await refusal.response()(scope, receive, noted)
            elif isinstance(body, bytes):
                scope["state"]["visitor"] = visitor
                await self._app(scope, _replay(body, receive), noted)
        finally:
            if status != 429:
                self._note(scope, visitor, body, status)

    def _admit(self, scope: Scope, bucket: Bucket, *, writes: bool) -> str | Problem:
        now = time.monotonic()
        if self._refused.empty(now):
            return _too_many("too many requests were refused")
        peer = scope["state"].get("peer")
        visitor = self._keeper.who(_headers(scope), peer, writes=writes)
        if isinstance(visitor, Problem):
            self._refused.take(now)
        elif not bucket.take(now):
            return _too_many(f"too many requests to {'change' if writes else 'read'}")
        return visitor

    async def _body(self, scope: Scope, receive: Receive) -> bytes | Problem:
        limit, seconds = self._limits.body_bytes, self._limits.body_seconds
        said = _headers(scope).get("content-length", "0")
        if said.isdigit() and int(said) > DRAINED * limit:
            return _too_large(limit)
        body, size, more = b"", 0, True
        try:
            async with asyncio.timeout(seconds):
                while more and size <= DRAINED * limit:
                    message = await receive()
                    size += len(message.get("body", b""))
                    body = body + message.get("body", b"") if size <= limit else b""
                    more = message.get("more_body", False)
        except TimeoutError:
            if size > limit:
                return _too_large(limit)
            hint = "send it as a whole, or ask over a better line"
            return Problem(408, f"no whole body came within {seconds:g} s", hint, headers=_CLOSE)
        return body if size <= limit else _too_large(limit)

    def _note(
        self, scope: Scope, visitor: str | Problem, body: bytes | Problem, status: int
    ) -> None:
        client = scope.get("client")
        self._log(
            Deed(
                who=visitor if isinstance(visitor, str) else "stranger",
                where=f"{client[0]}:{client[1]}" if client else self._name,
                what=f"{scope['method']} {scope['path']}"[:LOGGED],
                status=status,
                body=body[:LOGGED].decode(errors="replace") if isinstance(body, bytes) else "",
            )
        )


def _has_two_lengths(scope: Scope) -> bool:
    """Whether something between us and the client may see another end of the request than we."""
    return {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}


def _headers(scope: Scope) -> dict[str, str]:
    """Of a header that is there twice both are told: one good Origin does not hide another."""
    told: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        told[name] = f"{told[name]}, {value}" if name in told else value
    return told


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the body that was read, then whatever comes after it."""
    left = [body]

    async def replayed() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replayed


def _too_large(limit: int) -> Problem:
    hint = "no request of this API needs so much"
    return Problem(413, f"the body is larger than {limit} bytes", hint, headers=_CLOSE)


def _too_many(detail: str) -> Problem:
    hint = "wait a second between requests"
    return Problem(429, detail, hint, headers={"Retry-After": "1"})
