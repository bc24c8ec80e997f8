"""How much, how often, how slowly: everything has an end, and says so in the same form."""

import socket
import time
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from giddyup_watch.http.access.gate import Bucket, Limits, Rate
from giddyup_watch.http.listening import protocol
from giddyup_watch.http.listening.protocol import Protocol
from tests.daemon.running import Answer
from tests.http.asking import ADMIN, BEARER, TOKEN, ask
from tests.http.conftest import Door, doors
from tests.wait import wait_until

HEAD = f"POST {ADMIN}/ingest/run HTTP/1.1\r\nHost: x\r\nX-API-Key: {TOKEN}\r\n"


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), parts.port or 80


def read_to_the_end(client: socket.socket) -> bytes:
    answered = b""
    while some := client.recv(65_536):
        answered += some
    return answered


def raw(url: str, *sent: bytes) -> bytes:
    """Everything that is answered to these bytes, until the other side hangs up."""
    with closing(socket.create_connection(address(url), timeout=10)) as client:
        for some in sent:
            client.sendall(some)
        return read_to_the_end(client)


def is_problem(answer: Answer) -> bool:
    return (
        answer.headers["content-type"] == "application/problem+json"
        and answer.document["status"] == answer.status
        and bool(answer.document["detail"])
        and bool(answer.document["hint"])
    )


@pytest.mark.failure(line=32)
def test_a_huge_body_is_not_read(door: Door) -> None:
    answer = ask(door.tcp, "POST", "ingest/run", b"x" * 65_537, BEARER)
    assert answer.status == 413
    assert is_problem(answer)
    wait_until(lambda: [deed.status for deed in door.deeds] == [413])
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    answered = raw(
        door.tcp, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode(), chunk, chunk, b"0\r\n\r\n"
    )
    assert answered.startswith(b"HTTP/1.1 413 ")


@pytest.mark.failure(line=32)
def test_a_slow_body_is_not_waited_for(database: str, socket_path: Path) -> None:
    with doors(database, socket_path, limits=Limits(body_seconds=0.2)) as door:
        answered = raw(door.tcp, f"{HEAD}Content-Length: 9\r\n\r\n".encode(), b"{")
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answered


@pytest.mark.failure(line=32)
@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTT"])
def test_a_slow_head_is_not_waited_for(
    door: Door, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "head_seconds", 0.2)
    started = time.monotonic()
    assert raw(door.tcp, sent) == b""
    assert time.monotonic() - started < 4  # uvicorn alone would wait for ever


def test_what_is_no_http_is_told_so(door: Door) -> None:
    answered = raw(door.tcp, b"\x16\x03\x01 hello\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answered


def test_too_many_requests(database: str, socket_path: Path) -> None:
    few = Limits(reads=Rate(3, 0.001), writes=Rate(2, 0.001))
    with doors(database, socket_path, limits=few) as door:
        reads = [ask(door.tcp, "GET", "ingest/runs") for _ in range(4)]
        writes = [ask(door.tcp, "POST", "ingest/resume", headers=BEARER) for _ in range(3)]
        assert [one.status for one in reads] == [200, 200, 200, 429]
        assert [one.status for one in writes] == [200, 200, 429]
        assert is_problem(writes[-1])
        assert writes[-1].headers["retry-after"] == "1"
        assert ask(door.tcp, "GET", "/metrics").status == 200
        wait_until(lambda: len(door.deeds) == 2)


def test_too_many_connections(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each listener counts its own: whoever fills TCP does not close the socket."""
    monkeypatch.setattr(protocol, "CONNECTIONS", 3)
    monkeypatch.setattr(protocol, "CONNECTIONS_MAX", 5)
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(address(door.tcp), timeout=10))
            for _ in range(6)
        ]
        for client in clients[:5]:
            client.sendall(head)
        assert clients[5].recv(1) == b""  # let go of without a word
        for client in clients[3:5]:
            client.sendall(b"\r\n")
            answered = read_to_the_end(client)
            assert answered.startswith(b"HTTP/1.1 503 ")
            assert b'"crowded"' in answered
            assert b"retry-after: 5" in answered.lower()
        assert ask(door.socket, "GET", "/healthz").status == 200
        for client in clients[:3]:
            client.sendall(b"Connection: close\r\n\r\n")
            assert read_to_the_end(client).startswith(b"HTTP/1.1 200 ")
    wait_until(lambda: ask(door.tcp, "GET", "/healthz").status == 200)


def test_a_bucket_fills_again() -> None:
    bucket = Bucket(Rate(2, 0.5))
    assert [bucket.take(100.0) for _ in range(3)] == [True, True, False]
    assert not bucket.take(101.0)
    assert bucket.take(102.1)
    assert [bucket.take(1000.0) for _ in range(3)] == [True, True, False]


def test_paths_and_methods_that_are_not_there(door: Door) -> None:
    for method, path, status in (
        ("GET", "nothing", 404),
        ("GET", "/api/v2", 404),
        ("GET", "ingest/run", 405),
        ("DELETE", "ingest/status", 405),
        ("PURGE", "/healthz", 405),
    ):
        answer = ask(door.tcp, method, path, headers=BEARER)
        assert answer.status == status
        assert is_problem(answer)


BACKWARDS = {"from": "2025-01-02", "to": "2025-01-01"}
GOOD = {"regions": ["gb"], "codes": ["flat"], "dates": ["today"]}


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b"{", ["body.1"]),
        (b"\xff", []),
        (b"null", ["body"]),
        (b"[]", ["body"]),
        (b"", ["body"]),
        ({}, ["body.regions", "body.codes", "body.range"]),
        (GOOD | {"regions": ["fr"], "codes": []}, ["body.regions.0", "body.codes"]),
        (GOOD | {"regions": ["gb", "gb"]}, ["body.regions"]),
        (GOOD | {"regions": "gb"}, ["body.regions"]),
        (GOOD | {"dates": ["tomorrow"]}, ["body.dates.0"]),
        (GOOD | {"dates": ["2025-02-29"]}, ["body.dates.0"]),
        (GOOD | {"dates": ["2025-1-1"]}, ["body.dates.0"]),
        (GOOD | {"dates": [20250101]}, ["body.dates.0"]),
        (GOOD | {"dates": ["0001-01-01"]}, ["body.dates.0"]),
        (GOOD | {"dates": []}, ["body.dates"]),
        (GOOD | {"dates": None}, ["body.range"]),
        (GOOD | {"range": {"from": "2025-01-01", "to": "2025-01-02"}}, ["body.range"]),
        (GOOD | {"dates": None, "range": BACKWARDS}, ["body.range"]),
        (GOOD | {"force": "yes", "accept": ["all"]}, ["body.force", "body.accept.0"]),
        (GOOD | {"forced": True}, ["body.forced"]),
    ],
)  # fmt: skip
def test_every_mistake_is_named(door: Door, body: object, places: list[str]) -> None:
    answer = ask(door.tcp, "POST", "ingest/run", body, BEARER)
    assert answer.status == (422 if places else 400)
    assert is_problem(answer)
    found = [one["place"] for one in answer.document.get("errors", [])]
    for place in places:
        assert [one for one in found if one.startswith(place)]
    assert len(found) >= len(places)


@pytest.mark.failure(line=32)
def test_wrong_parameters(door: Door) -> None:
    for path in (
        "ingest/status?run_id=abc",
        "ingest/status?run_id=0",
        "ingest/runs?limit=501",
        "ingest/runs?limit=1&limit=2",
        "ingest/runs?before=9223372036854775808",
        "ingest/runs/x",
        "segments?state=happy",
    ):
        answer = ask(door.tcp, "GET", path)
        assert answer.status == 422
        assert is_problem(answer)
