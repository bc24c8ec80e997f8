"""Who may ask what: the listener decides, and a token; nothing that a request claims."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from giddyup_watch.http.access.trust import Gatekeeper, Listener
from giddyup_watch.http.problems import Problem
from tests.http.asking import BEARER, TOKEN, ask, connect
from tests.http.conftest import Admin, Door, doors
from tests.wait import wait_until

#: A change that changes nothing.
HARMLESS = "ingest/resume"


@pytest.mark.failure(line=32)
def test_every_write_on_tcp_needs_the_token(door: Door) -> None:
    for path in ("ingest/run", "ingest/backfill", "ingest/cancel", "ingest/pause", HARMLESS,
                 "rescan", "reload"):  # fmt: skip
        answer = ask(door.tcp, "POST", path, {})
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Authorization: Bearer TOKEN" in answer.document["hint"]


def test_both_headers_carry_it(door: Door) -> None:
    for headers in (BEARER, {"X-API-Key": TOKEN}, {"authorization": f"bearer {TOKEN}"}):
        assert ask(door.tcp, "POST", HARMLESS, headers=headers).status == 200


@pytest.mark.failure(line=32)
@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer another"},
        {"Authorization": f"Bearer {TOKEN} "[:-2]},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Authorization": TOKEN},
        {"X-API-Key": ""},
        {"X-API-Key": "Bearer"},
        {"X-API-Key": "\xe9"},
    ],
)
def test_a_wrong_token_is_worse_than_none(door: Door, headers: dict[str, str]) -> None:
    assert ask(door.tcp, "POST", HARMLESS, headers=headers).status == 401
    assert ask(door.tcp, "GET", "ingest/runs", headers=headers).status == 401


def test_reading_on_loopback_needs_no_token(door: Door) -> None:
    assert ask(door.tcp, "GET", "ingest/runs").status == 200
    for host in ("localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:9917"):
        assert ask(door.tcp, "GET", "ingest/runs", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Host": "127.0.0.1.rebound.example"},
        {"Host": "localhost.rebound.example:9917"},
        {"Host": ""},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Forwarded-Host": "localhost"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
    ],
)
def test_who_comes_by_another_name_or_from_farther_away_needs_it(
    door: Door, headers: dict[str, str]
) -> None:
    assert ask(door.tcp, "GET", "ingest/runs", headers=headers).status == 401
    assert ask(door.tcp, "GET", "/openapi.json", headers=headers).status == 401
    assert ask(door.tcp, "GET", "ingest/runs", headers=headers | BEARER).status == 200
    assert ask(door.tcp, "GET", "/healthz", headers=headers).status == 200


@pytest.mark.failure(line=32)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_neither_reads_nor_writes(
    door: Door, headers: dict[str, str]
) -> None:
    answer = ask(door.tcp, "GET", "ingest/runs", headers=headers)
    assert (answer.status, answer.document["type"]) == (403, "cross-site")
    assert ask(door.tcp, "POST", HARMLESS, headers=headers | BEARER).status == 403
    assert "access-control-allow-origin" not in answer.headers
    preflight = headers | {"Access-Control-Request-Method": "POST"}
    assert ask(door.tcp, "OPTIONS", HARMLESS, headers=preflight).status == 403


def test_a_page_of_our_own_does(door: Door) -> None:
    host = urlsplit(door.tcp).netloc
    own = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert ask(door.tcp, "GET", "ingest/runs", headers=own).status == 200
    assert ask(door.tcp, "POST", HARMLESS, headers=own | BEARER).status == 200
    assert ask(door.tcp, "POST", HARMLESS, headers=own).status == 401


def test_without_a_token_set_writing_is_explained(database: str, socket_path: Path) -> None:
    with doors(database, socket_path, token="") as door:
        url = door.tcp
        for headers in ({}, BEARER, {"X-API-Key": ""}):
            answer = ask(url, "POST", HARMLESS, headers=headers)
            assert (answer.status, answer.document["type"]) == (403, "no-token-set")
            assert "http.token" in answer.document["hint"]
        assert ask(url, "GET", "ingest/runs").status == 200


def test_off_loopback_reading_needs_it_too() -> None:
    keeper = Gatekeeper(Listener("tcp", local=False), TOKEN)
    refused = keeper.who({"host": "localhost"}, None, writes=False)
    assert isinstance(refused, Problem)
    assert refused.status == 401
    assert keeper.who({"host": "h", "x-api-key": TOKEN}, None, writes=False) == "token"


# The socket.


def test_our_own_user_needs_no_token_on_the_socket(door: Door, socket_path: Path) -> None:
    assert socket_path.stat().st_mode & 0o777 == 0o600
    assert socket_path.parent.stat().st_mode & 0o777 == 0o700
    assert ask(door.socket, "POST", HARMLESS).status == 200
    assert ask(door.socket, "GET", "ingest/runs", headers={"Host": "any"}).status == 200


def test_another_user_of_the_socket_is_a_stranger() -> None:
    keeper = Gatekeeper(
        Listener("socket", local=True, socket=True, uids=frozenset({0, 1000})), TOKEN
    )
    assert keeper.who({}, 1000, writes=True) == "uid 1000"
    for stranger in (1001, 65534, None):
        refused = keeper.who({"host": "localhost"}, stranger, writes=False)
        assert isinstance(refused, Problem)
        assert refused.status == 401
        assert keeper.who({"x-api-key": TOKEN}, stranger, writes=True) == "token"


def test_a_proxy_or_a_page_behind_the_socket_is_a_stranger_too(door: Door) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.7"}
    assert ask(door.socket, "POST", HARMLESS, headers=forwarded).status == 401
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert ask(door.socket, "POST", HARMLESS, headers=elsewhere).status == 403


@contextmanager
def reset_at_once(url: str) -> Iterator[None]:
    """Ask and be gone, with a RST, before the answer."""
    parts = urlsplit(url)
    with closing(socket.create_connection((parts.hostname, parts.port))) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        head = f"POST /api/v1/admin/{HARMLESS} HTTP/1.1\r\nHost: x\r\nContent-Length: 0"
        client.sendall(f"{head}\r\n\r\n".encode())
    yield


def test_a_client_that_is_gone_at_once_is_nobody(door: Door) -> None:
    for _ in range(5):
        with reset_at_once(door.tcp):
            pass
    wait_until(lambda: ask(door.tcp, "GET", "/healthz").status == 200)
    assert {deed.who for deed in door.deeds} <= {"stranger"}


# The log.


@pytest.mark.failure(line=32)
def test_every_write_is_logged_with_who_from_where_and_what(admin: Admin) -> None:
    admin.post("ingest/pause", {"seconds": 60})
    ask(admin.socket, "POST", HARMLESS)
    paused, resumed = admin.daemon.wait_for("admin_request", 2)
    assert (paused["who"], paused["what"]) == ("token", "POST /api/v1/admin/ingest/pause")
    assert paused["where"].startswith("127.0.0.1:")
    assert (paused["status"], paused["body"]) == (200, '{"seconds": 60}')
    assert resumed["who"].startswith("uid ")
    assert resumed["where"].endswith("admin.sock")
    ask(admin.tcp, "POST", HARMLESS, headers={"X-API-Key": "guess"})
    (refused,) = admin.daemon.wait_for("admin_refused")
    assert (refused["who"], refused["status"]) == ("stranger", 401)


def test_no_token_is_logged(admin: Admin) -> None:
    admin.post(HARMLESS)
    ask(admin.tcp, "POST", HARMLESS, headers={"X-API-Key": "guessed-by-somebody"})
    admin.daemon.wait_for("admin_refused")
    said = repr(admin.daemon.logs)
    assert TOKEN not in said
    assert "guessed-by-somebody" not in said


def test_a_connection_is_kept_between_requests(door: Door) -> None:
    with closing(connect(door.tcp)) as conn:
        for _ in range(3):
            conn.request("GET", "/api/v1/admin/ingest/runs")
            assert conn.getresponse().read()


def test_guessing_is_slowed_down(door: Door) -> None:
    started = time.monotonic()
    statuses = [
        ask(door.tcp, "POST", HARMLESS, headers={"X-API-Key": str(i)}).status for i in range(40)
    ]
    allowed = 20 + (time.monotonic() - started) + 1
    assert statuses.count(401) <= allowed
    assert statuses[-1] == 429
    assert ask(door.socket, "POST", HARMLESS).status == 200  # a listener of its own
