"""What the listener answers, over real sockets."""

import datetime as dt
import http.client
import re
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from giddyup_watch.daemon.serving import web as web_module
from giddyup_watch.daemon.serving.web import Web
from giddyup_watch.daemon.state.orders import Orders
from giddyup_watch.errors import ConfigError
from giddyup_watch.http import app
from giddyup_watch.http.access.trust import Listener
from giddyup_watch.http.listening import server, sockets
from giddyup_watch.http.listening.server import Door
from giddyup_watch.http.operations.desk import Desk
from giddyup_watch.http.operations.forms import Folders
from giddyup_watch.metrics import Metrics
from tests.daemon.running import get
from tests.daemon.watching import sample
from tests.http.asking import ask
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
    nothing,
)


ANY_PORT = ("127.0.0.1", 0)


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
        self.web = Web(self.failed, [Door(made, ANY_PORT)], self.beats.set)

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
    answer = get(site.web.urls[0] + "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "\ngiddyup_watch_queue_depth 7.0\n" in answer.body


def test_health_is_red_while_a_loop_makes_no_progress(site: Site) -> None:
    assert get(site.web.urls[0] + "/healthz").document == {"status": "ok", "stalled": []}
    site.stalled = ["worker made no progress"]
    answer = get(site.web.urls[0] + "/healthz")
    assert answer.status == 503
    assert answer.document == {"status": "stalled", "stalled": ["worker made no progress"]}


def test_readiness_says_what_is_missing(site: Site) -> None:
    assert get(site.web.urls[0] + "/readyz").status == 200
    site.problems["tree"] = "not there"
    answer = get(site.web.urls[0] + "/readyz")
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
        get(site.web.urls[0] + path)
    get(site.web.urls[0] + "/healthz", "HEAD")
    get(site.web.urls[0] + "/healthz", "PURGE")
    site.stalled = ["a loop"]
    get(site.web.urls[0] + "/healthz")
    assert site.requests(method="GET", handler="/metrics", code="200") == 1
    assert site.requests(method="GET", handler="other", code="404") == 2
    assert site.requests(method="HEAD", handler="/healthz", code="200") == 1
    assert site.requests(method="other", handler="/healthz", code="405") == 1
    assert site.requests(method="GET", handler="/healthz", code="503") == 1
    text = site.metrics.render().decode()
    assert sample(text, "http_request_duration_seconds_count", {"handler": "other"}) == 2


def test_a_handler_that_fails_is_an_answer_and_is_counted(site: Site) -> None:
    site.problems = None  # type: ignore[assignment]
    assert get(site.web.urls[0] + "/readyz").status == 500
    wait_until(lambda: site.requests(method="GET", handler="/readyz", code="500") == 1)
    assert get(site.web.urls[0] + "/healthz").status == 200


def test_no_documentation_that_loads_from_elsewhere(site: Site) -> None:
    for path in ("/docs", "/redoc"):
        assert get(site.web.urls[0] + path).status == 404


def test_answers_at_once(site: Site) -> None:
    """Without TCP_NODELAY each small answer on a kept connection takes 40 ms."""
    parts = urlsplit(site.web.urls[0])
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


def test_a_loop_that_is_blocked_does_not_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BEAT_SECONDS", 0.05)
    blocked, go_on, beats = threading.Event(), threading.Event(), threading.Event()

    async def blocking(scope: Scope, receive: Receive, send: Send) -> None:
        blocked.set()
        go_on.wait(30)  # on the loop, where nothing may wait
        await JSONResponse({})(scope, receive, send)

    with (
        Web(threading.Event(), [Door(blocking, ANY_PORT)], beats.set) as web,
        ThreadPoolExecutor(1) as pool,
    ):
        asked = pool.submit(get, web.urls[0])
        assert blocked.wait(10)
        beats.clear()
        assert not beats.wait(0.5)
        go_on.set()
        assert asked.result(10).status == 200
        assert beats.wait(10)


def waits_of_the_loop() -> int:
    """How often its thread has gone to sleep."""
    (thread,) = (one for one in threading.enumerate() if one.name == Web.name)
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    return int(re.findall(r"(?m)^voluntary_ctxt_switches:\s+(\d+)", status)[0])


@pytest.mark.long
def test_sleeps_while_nobody_asks_and_tells_the_time_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "BEAT_SECONDS", 1.0)
    site = Site()
    waits = []
    with site.web:
        get(site.web.urls[0] + "/healthz")
        for _ in range(3):  # the first ends the wait that had begun before
            site.beats.clear()
            assert site.beats.wait(10)
            waits.append(waits_of_the_loop())
        told = parsedate_to_datetime(get(site.web.urls[0] + "/healthz").headers["date"])
    assert waits[2] - waits[1] < 5  # ten a second with uvicorn's own server
    assert abs(dt.datetime.now(dt.UTC) - told) < dt.timedelta(seconds=3)


def test_a_door_that_is_not_needed_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(web_module, "RETRY_SECONDS", 0.1)
    path = tmp_path / "s"
    doors = [metrics_alone(), replace(metrics_alone(), address=path, needed=False)]
    with (
        closing(sockets.Listening(path)) as other,
        capture_logs() as logs,
        Web(threading.Event(), doors, lambda: None) as web,
    ):
        assert [entry["event"] for entry in logs] == ["socket_unavailable"]
        assert len(web.urls) == 1
        other.close()
        wait_until(lambda: web.urls[1:] == [f"unix:{path}"])
        assert ask(web.urls[1], "GET", "/metrics").status == 200
    assert not path.exists()


def test_a_client_that_says_nothing_does_not_keep_it_from_stopping() -> None:
    site = Site()
    with site.web:
        parts = urlsplit(site.web.urls[0])
        silent = socket.create_connection((parts.hostname, parts.port))
        silent.sendall(b"GET /heal")
        wait_until(lambda: get(site.web.urls[0] + "/healthz").status == 200)
    silent.close()
    assert not site.web.alive
    assert site.web.error is None


def test_listens_again_after_a_stop(site: Site) -> None:
    site.web.stop()
    with pytest.raises(OSError, match="refused"):
        get(site.web.urls[0] + "/healthz")
    site.web.start()
    assert get(site.web.urls[0] + "/healthz").status == 200


def metrics_alone(metrics: Metrics | None = None, host: str = "127.0.0.1", port: int = 0) -> Door:
    return Door(app.create_metrics_only(metrics or Metrics(regions=(), codes=())), (host, port))


def test_an_address_that_is_taken_is_said_before_anything_starts() -> None:
    with closing(sockets.listen(*ANY_PORT)) as taken:
        port = taken.getsockname()[1]
        web = Web(threading.Event(), [metrics_alone(), metrics_alone(port=port)], lambda: None)
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}"):
            web.start()
        assert not web.alive
        (opened,) = web.urls
        with pytest.raises(OSError, match="refused"):
            get(opened + "/metrics")


def test_a_listener_for_the_metrics_alone() -> None:
    site = Site(with_metrics=False)
    doors = [*site.web.doors, metrics_alone(site.metrics)]
    with Web(site.failed, doors, lambda: None) as web:
        main, alone = web.urls
        assert get(main + "/metrics").status == 404
        assert get(main + "/readyz").status == 200
        assert get(alone + "/metrics").status == 200
        assert get(alone + "/readyz").status == 404


def test_listens_on_ipv6_where_there_is_any() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with Web(threading.Event(), [metrics_alone(host="::1")], lambda: None) as web:
        (url,) = web.urls
        assert url.startswith("http://[::1]:")
        assert get(url + "/metrics").status == 200
