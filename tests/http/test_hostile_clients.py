"""Whatever a client tries, it gets what a stranger gets, within bounds.

| it comes with | held by |
|---|---|
| no token, a wrong token, two tokens | here; test_trust.py |
| a huge body, told or in chunks | here; test_limits.py |
| wrong types | `test_every_mistake_is_named` in test_limits.py; test_any_request.py |
| a slow head, a slow body, slow reading | here; test_limits.py |
| a page of another site, a rebound name | here; test_trust.py |
| a reset at once | `test_a_client_that_is_gone_at_once_is_nobody` in test_trust.py |
| headers of a proxy, a foreign Host, two of one | here; test_trust.py |
| requests made to be read in two ways | here |
| another user of this machine | here, as root |
| too many connections, requests, guesses | test_limits.py; test_trust.py |
"""

import json
import os
import re
import socket
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.http.listening import sockets
from giddyup_watch.http.listening.protocol import Protocol
from tests.flow.daemon import Daemon
from tests.http.asking import ADMIN, BEARER, TOKEN, ask
from tests.http.conftest import Door, doors
from tests.http.test_limits import address, raw, read_to_the_end
from tests.wait import wait_until

pytestmark = pytest.mark.failure(line=32)

READ = f"{ADMIN}/ingest/runs"
WRITE = f"{ADMIN}/ingest/resume"


def status(answered: bytes) -> int:
    """Of the only answer there is."""
    (found,) = re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answered)
    return int(found)


def request(line: str, *headers: str) -> bytes:
    return "\r\n".join((line, *headers, "Connection: close", "", "")).encode("latin-1")


# Who one claims to be.


@pytest.mark.parametrize(
    "host",
    [
        "localhost.", "LOCALHOST.", "localhost:9917.rebound.example", "localhost@rebound.example",
        "rebound.example@localhost", "localhost:80@rebound.example", "localhost, rebound.example",
        "localhost:", "127.1", "2130706433", "0x7f.0.0.1", "127.0.0.1.", "[::1", "::1",
        "[::ffff:127.0.0.1]", "[::1%25lo]", "0.0.0.0", "localhost/", "http://localhost",
        "localhost#", "localho\xdft",
    ],
)  # fmt: skip
def test_a_name_that_is_not_quite_ours(door: Door, host: str) -> None:
    answered = raw(door.tcp, request(f"GET {READ} HTTP/1.1", f"Host: {host}"))
    assert status(answered) in (400, 401)


@pytest.mark.parametrize("host", ["localhost:9917", "LocalHost", "[::1]:9917", "127.0.0.1:1"])
def test_names_that_are_ours(door: Door, host: str) -> None:
    assert status(raw(door.tcp, request(f"GET {READ} HTTP/1.1", f"Host: {host}"))) == 200


@pytest.mark.parametrize(
    ("line", "headers", "expected"),
    [
        (f"GET {READ} HTTP/1.0", (), 401),
        (f"GET {READ} HTTP/1.1", (), 400),
        (f"GET {READ} HTTP/1.1", ("Host: localhost", "Host: rebound.example"), 400),
        (f"GET {READ} HTTP/1.1", ("Host: rebound.example", "Host: localhost"), 400),
        (f"GET http://localhost{READ} HTTP/1.1", ("Host: rebound.example",), 401),
        (f"GET http://localhost{READ} HTTP/1.1", ("Host: localhost",), 404),
        (f"POST http://localhost{WRITE} HTTP/1.1", ("Host: localhost",), 401),
    ],
)  # fmt: skip
def test_no_host_two_hosts_or_one_in_the_target(
    door: Door, line: str, headers: tuple[str, ...], expected: int
) -> None:
    assert status(raw(door.tcp, request(line, *headers))) == expected


def test_one_good_header_does_not_hide_a_bad_one(door: Door) -> None:
    own = f"http://{door.tcp.removeprefix('http://')}"
    host = f"Host: {door.tcp.removeprefix('http://')}"
    key = f"X-API-Key: {TOKEN}"
    for headers, expected in (
        (("Origin: https://elsewhere.example", f"Origin: {own}", key), 403),
        (("Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: none", key), 403),
        (("X-API-Key: wrong", key), 401),
        ((f"Authorization: Bearer {TOKEN}", "Authorization: Basic eDp5"), 401),
        ((f"Origin: {own}", key), 200),
    ):
        answered = raw(door.tcp, request(f"POST {WRITE} HTTP/1.1", host, *headers))
        assert status(answered) == expected, headers


def test_a_forged_address_is_not_logged_for_the_real_one(door: Door) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7", "Via": "1.1 proxy",
              "Forwarded": "for=203.0.113.7;host=localhost;proto=https"}  # fmt: skip
    assert ask(door.tcp, "POST", WRITE, headers=forged).status == 401
    assert ask(door.tcp, "POST", WRITE, headers=forged | BEARER).status == 200
    wait_until(lambda: len(door.deeds) == 2)
    assert all(deed.where.startswith("127.0.0.1:") for deed in door.deeds)
    assert [deed.who for deed in door.deeds] == ["stranger", "token"]


# What one asks for.


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/%61pi{ADMIN.removeprefix('/api')}/ingest/resume", 401),
        (f"{ADMIN}/ingest/%72esume", 401),
        (f"/metrics/..{WRITE}", 401),
        (f"/metrics%2f..{WRITE}", 401),
        (f"/{WRITE}", 401),
        (f"{WRITE}/", 401),
        (f"{WRITE}?token={TOKEN}", 401),
        (f"{WRITE}%00", 401),
        ("/healthz", 405),
        ("*", 401),
    ],
)
def test_no_spelling_of_a_path_goes_past_the_gate(door: Door, path: str, expected: int) -> None:
    answered = raw(door.tcp, request(f"POST {path} HTTP/1.1", "Host: localhost"))
    assert status(answered) == expected
    assert b"application/problem+json" in answered


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_methods_that_no_operation_has(door: Door, method: str) -> None:
    reading = method in ("HEAD", "OPTIONS")
    for sent, expected in (((), 405 if reading else 401), ((f"X-API-Key: {TOKEN}",), 405)):
        answered = raw(door.tcp, request(f"{method} {READ} HTTP/1.1", "Host: localhost", *sent))
        assert status(answered) == expected
        assert b"access-control" not in answered.lower()
        assert TOKEN.encode() not in answered


# How one says it.

SMUGGLED = f"POST {WRITE} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {TOKEN}\r\n\r\n".encode()


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 4", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 4"),
        ("Content-Length: 4", "Content-Length: 5"),
        ("Content-Length: +4",),
        ("Content-Length: -1",),
        ("Content-Length : 4",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("X: a\rb",),
        ("X: a\0b",),
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_none(
    door: Door, headers: tuple[str, ...]
) -> None:
    head = "\r\n".join((f"POST {WRITE} HTTP/1.1", "Host: localhost", *headers, "", ""))
    answered = raw(door.tcp, head.encode() + b"0\r\n\r\n" + SMUGGLED)
    assert status(answered) in (400, 501)
    assert b"application/problem+json" in answered
    assert not door.deeds


def test_a_flood_of_headers_is_not_read(door: Door) -> None:
    lines = (f"X-{number}: {'x' * 1000}" for number in range(3000))
    with closing(socket.create_connection(address(door.tcp), timeout=10)) as client:
        answered = b""
        try:
            client.sendall(request(f"GET {READ} HTTP/1.1", "Host: localhost", *lines))
            answered = read_to_the_end(client)
        except ConnectionError:  # hung up on while still sending
            pass
    assert answered == b"" or status(answered) == 400
    assert ask(door.tcp, "GET", "/healthz").status == 200


def test_a_target_that_never_ends_is_not_read(door: Door) -> None:
    answered = raw(door.tcp, b"GET /" + b"a" * 66_000)
    assert status(answered) == 400


@pytest.mark.long
@pytest.mark.parametrize("path", [READ, "/metrics", "/nothing"])
def test_a_body_that_nobody_reads_does_not_hold_its_connection(
    door: Door, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The answer is there before the body is; then it would come for ever, byte by byte."""
    monkeypatch.setattr(Protocol, "request_seconds", 2.0)
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    with closing(socket.create_connection(address(door.tcp), timeout=10)) as client:
        client.sendall(head.encode())
        assert client.recv(9) == b"HTTP/1.1 "

        def is_let_go() -> bool:
            try:
                client.sendall(b"x")
            except ConnectionError:
                return True
            return False

        wait_until(is_let_go)


@pytest.mark.long
def test_who_does_not_read_his_answers_is_let_go(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "request_seconds", 2.0)
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(0.2)
        client.connect(address(door.tcp))

        def is_let_go() -> bool:
            try:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
            except TimeoutError:
                return False
            except ConnectionError:
                return True
            return False

        wait_until(is_let_go, timeout=30)
    assert ask(door.tcp, "GET", "/healthz").status == 200


# From where.


def test_off_loopback_nothing_is_read_or_written_without_the_token(
    database: str, socket_path: Path
) -> None:
    with doors(database, socket_path, off_loopback=True) as door:
        for path in ("/", "/live", READ, "/openapi.json", "/nothing"):
            answer = ask(door.tcp, "GET", path)
            assert answer.status == 401
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.document["hint"]
        assert ask(door.tcp, "POST", WRITE).status == 401
        for path, expected in ((READ, 200), ("/nothing", 404)):
            assert ask(door.tcp, "GET", path, headers=BEARER).status == expected


def test_the_socket_has_its_mode_from_the_first_moment(socket_path: Path) -> None:
    """Whatever the umask is, and under its first name too."""
    folder = socket_path.parent
    folder.mkdir(parents=True)
    seen: set[int] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for entry in os.scandir(folder):
                try:
                    seen.add(entry.stat(follow_symlinks=False).st_mode & 0o777)
                except FileNotFoundError:
                    continue

    watching = threading.Thread(target=look)
    before = os.umask(0)
    watching.start()
    try:
        for _ in range(200):
            sockets.listen_locally(socket_path).close()
    finally:
        os.umask(before)
        over.set()
        watching.join()
    assert seen == {0o600}


#: Asks over a unix socket or a port as somebody else; prints the status, or why it could not.
ASKING = """
import http.client, json, socket, sys
address, method, path, headers = json.loads(sys.argv[1])
conn = http.client.HTTPConnection("localhost")
try:
    if isinstance(address, str):
        conn.sock = socket.socket(socket.AF_UNIX)
        conn.sock.connect(address)
    else:
        conn.sock = socket.create_connection(address)
    conn.request(method, path, headers=headers)
    print(conn.getresponse().status)
except OSError as error:
    print(type(error).__name__)
"""
NOBODY = 65534


def ask_as_nobody(
    where: str | tuple[str, int], method: str, path: str, headers: dict[str, str] | None = None
) -> str:
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", ASKING, json.dumps([where, method, path, headers or {}])],
        user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", env={}, capture_output=True,
        text=True, check=False, timeout=30,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr


@pytest.mark.root
def test_another_user_of_this_machine_is_a_stranger(door: Door, socket_path: Path) -> None:
    path = str(socket_path)
    assert ask_as_nobody(path, "GET", READ) == "PermissionError"
    for folder in (socket_path.parent, socket_path.parent.parent):
        folder.chmod(0o755)
    assert ask_as_nobody(path, "GET", READ) == "PermissionError"
    socket_path.chmod(0o666)  # somebody opened it to all: the kernel still tells who comes
    assert ask_as_nobody(path, "GET", "/healthz") == "200"
    assert ask_as_nobody(path, "GET", READ) == "401"
    assert ask_as_nobody(path, "POST", WRITE) == "401"
    assert ask_as_nobody(path, "POST", WRITE, BEARER) == "200"
    assert ask_as_nobody(address(door.tcp), "POST", WRITE) == "401"
    assert ask(door.socket, "POST", WRITE).status == 200
    wait_until(lambda: len(door.deeds) == 4)
    assert [deed.who for deed in door.deeds][:3] == ["stranger", "token", "stranger"]


# What is left of it in the log.


@pytest.mark.long
def test_a_token_is_nowhere_in_what_the_daemon_says(
    racing: Path, database: str, tmp_path: Path
) -> None:
    """However it is sent, at the level that says most; nor is what somebody took for it."""
    guess = "guessed-by-somebody"
    daemon = Daemon(tmp_path / "run", racing, database, {"http.token": TOKEN, "log.level": "debug"})
    daemon.config.chmod(0o600)
    with daemon:
        for token in (TOKEN, guess):
            for headers in (
                {"Authorization": f"Bearer {token}"}, {"X-API-Key": token},
                {"Authorization": f"Basic {token}"}, {"Cookie": f"token={token}"},
            ):  # fmt: skip
                ask(daemon.url, "POST", f"{WRITE}?token={token}", headers=headers)
                ask(daemon.url, "GET", f"{READ}?token={token}", headers=headers)
        ask(daemon.url, "POST", f"{ADMIN}/ingest/pause", {"seconds": TOKEN}, BEARER)
        raw(daemon.url, f"NONSENSE {TOKEN}\r\n\r\n".encode())
        daemon.wait_for("admin_refused", 5)
    said = daemon.log.read_text()
    assert "admin_request" in said
    assert TOKEN not in said
    assert guess not in said
