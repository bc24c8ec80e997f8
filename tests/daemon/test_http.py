"""What the listener answers, over real sockets."""

import http.client
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from giddyup_watch.daemon.orders import Orders
from giddyup_watch.daemon.web import Web
from giddyup_watch.errors import ConfigError
from giddyup_watch.http import app, server
from giddyup_watch.http.api import Folders
from giddyup_watch.http.desk import Desk
from giddyup_watch.http.server import Server
from giddyup_watch.http.trust import Listener
from giddyup_watch.metrics import Metrics
from tests.daemon.running import get
from tests.daemon.watching import sample
from tests.wait import wait_until


def nothing(*_: object) -> Any:
    raise AssertionError("nothing of the API is asked here")


NOBODY = Desk(
    "",
    Orders(),
    nothing,
    nothing,
    nothing,
    nothing,
    nothing,
    nothing,
    nothing,
    nothing,
    nothing,
    nothing,
)


class Site:
    """A listener, and what it is told to say."""

    def __init__(self, *, with_metrics: bool = True) -> None:
        self.metrics = Metrics(regions=("gb",), codes=("flat",))
        self.stalled: list[str] = []
        self.problems = {"database": "", "tree": ""}
        self.beats = threading.Event()
        self.failed = threading.Event()
        site = app.Site(
            metrics=self.metrics,
            stalls=lambda: self.stalled,
            problems=lambda: self.problems,
            desk=NOBODY,
            folders=Folders(("gb",), ("flat",)),
        )
        made = app.create(site, Listener("tcp", local=True), with_metrics=with_metrics)
        self.web = Web(
            self.failed, lambda: Server(made, server.listen("127.0.0.1", 0), self.beats.set)
        )

    def requests(self, **labels: str) -> float:
        return sample(self.metrics.render().decode(), "http_requests_total", labels)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    with made.web:
        yield made
    assert made.web.error is None


def test_the_metrics(site: Site) -> None:
    site.metrics.set("queue_depth", 7)
    answer = get(site.web.url + "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "\ngiddyup_watch_queue_depth 7.0\n" in answer.body


def test_health_is_red_while_a_loop_makes_no_progress(site: Site) -> None:
    assert get(site.web.url + "/healthz").document == {"status": "ok", "stalled": []}
    site.stalled = ["worker made no progress"]
    answer = get(site.web.url + "/healthz")
    assert answer.status == 503
    assert answer.document == {"status": "stalled", "stalled": ["worker made no progress"]}


def test_readiness_says_what_is_missing(site: Site) -> None:
    assert get(site.web.url + "/readyz").status == 200
    site.problems["tree"] = "not there"
    answer = get(site.web.url + "/readyz")
    assert answer.status == 503
    assert answer.document == {
        "status": "not ready",
        "checks": {
            "database": {"ok": True, "problem": ""},
            "tree": {"ok": False, "problem": "not there"},
        },
    }


def test_requests_are_counted_by_closed_labels(site: Site) -> None:
    for path in ("/metrics", "/etc/passwd", "/no?x=1"):
        get(site.web.url + path)
    get(site.web.url + "/healthz", "HEAD")
    get(site.web.url + "/healthz", "PURGE")
    site.stalled = ["a loop"]
    get(site.web.url + "/healthz")
    assert site.requests(method="GET", handler="/metrics", code="200") == 1
    assert site.requests(method="GET", handler="other", code="404") == 2
    assert site.requests(method="HEAD", handler="/healthz", code="200") == 1
    assert site.requests(method="other", handler="/healthz", code="405") == 1
    assert site.requests(method="GET", handler="/healthz", code="503") == 1
    text = site.metrics.render().decode()
    assert sample(text, "http_request_duration_seconds_count", {"handler": "other"}) == 2


def test_a_handler_that_fails_is_an_answer_and_is_counted(site: Site) -> None:
    site.problems = None  # type: ignore[assignment]
    assert get(site.web.url + "/readyz").status == 500
    wait_until(lambda: site.requests(method="GET", handler="/readyz", code="500") == 1)
    assert get(site.web.url + "/healthz").status == 200


def test_no_documentation_that_loads_from_elsewhere(site: Site) -> None:
    for path in ("/docs", "/redoc"):
        assert get(site.web.url + path).status == 404


def test_answers_at_once(site: Site) -> None:
    """Without TCP_NODELAY each small answer on a kept connection takes 40 ms."""
    parts = urlsplit(site.web.url)
    took = []
    with closing(http.client.HTTPConnection(str(parts.hostname), parts.port)) as conn:
        for _ in range(21):
            started = time.monotonic()
            conn.request("GET", "/healthz")
            assert conn.getresponse().read()
            took.append(time.monotonic() - started)
    assert statistics.median(took) < 0.035


def test_the_loop_beats(site: Site) -> None:
    assert site.beats.wait(10)
    assert site.web.alive


def test_a_client_that_says_nothing_does_not_keep_it_from_stopping() -> None:
    site = Site()
    with site.web:
        parts = urlsplit(site.web.url)
        silent = socket.create_connection((parts.hostname, parts.port))
        silent.sendall(b"GET /heal")
        wait_until(lambda: get(site.web.url + "/healthz").status == 200)
    silent.close()
    assert not site.web.alive
    assert site.web.error is None


def test_listens_again_after_a_stop(site: Site) -> None:
    site.web.stop()
    with pytest.raises(OSError, match="refused"):
        get(site.web.url + "/healthz")
    site.web.start()
    assert get(site.web.url + "/healthz").status == 200


def test_an_address_that_is_taken_is_said_before_anything_starts() -> None:
    with closing(server.listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        bare = app.create_metrics_only(Metrics(regions=(), codes=()))
        web = Web(
            threading.Event(), lambda: Server(bare, server.listen("127.0.0.1", port), lambda: None)
        )
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}"):
            web.start()
    assert not web.alive


def test_a_listener_for_the_metrics_alone() -> None:
    main = Site(with_metrics=False)
    alone = app.create_metrics_only(main.metrics)
    other = Web(main.failed, lambda: Server(alone, server.listen("127.0.0.1", 0), lambda: None))
    with ExitStack() as stack:
        stack.enter_context(main.web)
        stack.enter_context(other)
        assert get(main.web.url + "/metrics").status == 404
        assert get(main.web.url + "/readyz").status == 200
        assert get(other.url + "/metrics").status == 200
        assert get(other.url + "/readyz").status == 404


def test_listens_on_ipv6_where_there_is_any() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    bare = app.create_metrics_only(Metrics(regions=(), codes=()))
    with Web(threading.Event(), lambda: Server(bare, server.listen("::1", 0), lambda: None)) as web:
        assert web.url.startswith("http://[::1]:")
        assert get(web.url + "/metrics").status == 200
