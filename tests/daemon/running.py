"""The daemon's parts in this process: everything but the main thread and its signals."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from giddyup_watch import settings
from giddyup_watch.daemon.parts import Parts
from tests.daemon.watching import sample
from tests.wait import wait_until

#: Quick enough for a test, slow enough to be a debounce.
QUICK = {
    "http.listen": "127.0.0.1:0",
    "watch.quiet_ms": 50,
    "watch.rescan_seconds": 0.5,
    "watch.poll_ms": 100,
    "watch.orphan_seconds": 1,
    "gaps.interval_seconds": 3600,
    "gaps.verify_at": "",
    "derived.mode": "off",
}


class Answer(NamedTuple):
    status: int
    body: str
    headers: Mapping[str, str]

    @property
    def document(self) -> Any:
        return json.loads(self.body)


def get(url: str, method: str = "GET") -> Answer:
    """Ask over a real socket; an error status is an answer too."""
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return Answer(response.status, response.read().decode(), dict(response.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode(), dict(error.headers))


class Running:
    """A daemon at work, and what it logged."""

    def __init__(self, parts: Parts, logs: list[Any]) -> None:
        self.parts = parts
        self.logs = logs

    def events(self, name: str) -> list[dict[str, Any]]:
        return [entry for entry in list(self.logs) if entry["event"] == name]

    def wait_for(self, name: str, count: int = 1, timeout: float = 20) -> list[dict[str, Any]]:
        try:
            wait_until(lambda: len(self.events(name)) >= count, timeout)
        except AssertionError:
            said = [str(entry["event"]) for entry in self.logs]
            pytest.fail(f"{name} was not logged {count} times, but {said}")
        return self.events(name)

    def value(self, name: str, **labels: str) -> float:
        return sample(self.parts.metrics.render().decode(), name, labels)

    def get(self, path: str, method: str = "GET") -> Answer:
        return get(self.parts.web.urls[0] + path, method)

    def problem(self, check: str) -> str:
        return str(self.get("/readyz").document["checks"][check]["problem"])

    @property
    def is_ready(self) -> bool:
        return self.get("/readyz").status == 200


def given(master: Path, url: str, **others: Any) -> settings.Settings:
    """Settings for tests; `watch__poll_ms=10` stands for `watch.poll_ms`."""
    environ = {"GIDDYUP_WATCH_HTTP__TOKEN": str(others.pop("http__token", ""))}
    chosen = {name.replace("__", "."): value for name, value in others.items()}
    overrides = {"master.path": master, "database.url": url, **QUICK, **chosen}
    return settings.load(overrides=overrides, environ=environ)


@contextmanager
def running(
    master: Path,
    url: str,
    *,
    socket: Any = None,
    load: Any = None,
    limits: Any = None,
    **others: Any,
) -> Iterator[Running]:
    with capture_logs() as logs, ExitStack() as stack:
        chosen = given(master, url, **others)
        parts = Parts(chosen, lambda: nullcontext(url), load=load, socket=socket, limits=limits)
        stack.callback(parts.close)
        for service in (parts.web, *parts.loops):
            stack.enter_context(service)
        yield Running(parts, logs)
        errors = [service.error for service in parts.loops if service.error is not None]
        assert parts.failed.is_set() == bool(errors), errors
