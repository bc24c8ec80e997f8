"""How long the reads of the API and of the status page take, idle and while a busy month is loaded.

Asked as clients ask: over TCP, on a connection that is kept and on a new one for each. Paced, as
the listener lets a hundred reads a second pass.
"""

import datetime as dt
import http.client
import itertools
import json
import statistics
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from bench.daemon import Daemon
from giddyup_watch.model import SegmentKey

API = "/api/v1/admin"
#: Milliseconds at the median.
LIMIT_IDLE_MS, LIMIT_LOADING_MS = 10, 60
#: Seconds between two requests.
PACE = 0.02
#: Seconds between two looks at a daemon that has something to do yet, and what of a core it takes
#: at most when it has not.
REST_SECONDS, REST_SHARE = 2.0, 0.05
#: Seconds that a load may take, and between two looks at it.
LOAD_SECONDS, LOOK_SECONDS = 300, 0.25


@dataclass(slots=True)
class Taken:
    """Milliseconds of each request to one route."""

    route: str
    idle: list[float] = field(default_factory=list)
    anew: list[float] = field(default_factory=list)
    loading: list[float] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return (
            statistics.median(self.idle) < LIMIT_IDLE_MS
            and statistics.median(self.loading) < LIMIT_LOADING_MS
        )


def routes(busy: SegmentKey, run_id: int) -> dict[str, Sequence[str]]:
    """Every read by its name, with the paths that are asked in turn."""
    days = [f"{busy.month}-{day:02}" for day in range(1, 29)]
    year, why = busy.month[:4], f"{API}/why/{busy.region}/{busy.code}"
    return {
        "/healthz": ["/healthz"],
        "/readyz": ["/readyz"],
        "/metrics": ["/metrics"],
        "/": ["/"],
        "/?year=": [f"/?year={year}"],
        "/live": ["/live"],
        "ingest/status": [f"{API}/ingest/status"],
        "ingest/runs": [f"{API}/ingest/runs"],
        "ingest/runs/{id}": [f"{API}/ingest/runs/{run_id}"],
        "segments": [f"{API}/segments"],
        "gaps": [f"{API}/gaps"],
        "gaps?on=": [f"{API}/gaps?on={day}" for day in days],
        "gaps/open": [f"{API}/gaps/open"],
        "coverage": [f"{API}/coverage"],
        "coverage?year=": [f"{API}/coverage?year={year}"],
        "why, a day": [f"{why}/{days[12]}"],
        "why, other days": [f"{why}/{day}" for day in days],
        "why, a month": [f"{why}/{busy.month}"],
    }


def measure(daemon: Daemon, busy: SegmentKey, samples: int) -> list[Taken]:
    """Ask everything idle, then again while the month is loaded over and over."""
    load(daemon, busy)
    rest(daemon)
    asked = routes(busy, newest_run(daemon))
    found = {name: Taken(name) for name in asked}
    for name, paths in asked.items():
        _warm(daemon, paths)
        found[name].idle = list(_kept(daemon, paths, samples))
        found[name].anew = list(_anew(daemon, paths, samples))
    with loading(daemon, busy) as goes_on:
        for name, paths in asked.items():
            found[name].loading = list(_while(goes_on, daemon, paths, samples))
    return list(found.values())


def why(daemon: Daemon, busy: SegmentKey, samples: int) -> Sequence[float]:
    """Milliseconds for days of this and the next months, none of them asked for twice."""
    days = (busy.first_day + dt.timedelta(days=number) for number in range(samples))
    return list(
        _kept(daemon, [f"{API}/why/{busy.region}/{busy.code}/{day}" for day in days], samples)
    )


def load(daemon: Daemon, busy: SegmentKey) -> None:
    """Have the month loaded by force: read, compared and staged as a whole."""
    last = busy.next_month - dt.timedelta(days=1)
    body = {
        "regions": [busy.region],
        "codes": [busy.code],
        "range": {"from": f"{busy.first_day}", "to": f"{last}"},
        "force": True,
    }
    run = _document(daemon, "POST", f"{API}/ingest/run", body)
    ended = threading.Event()
    waited = itertools.count(LOOK_SECONDS, LOOK_SECONDS)
    while not _document(daemon, "GET", f"{API}/ingest/runs/{run['run_id']}")["progress"]["ended"]:
        ended.wait(LOOK_SECONDS)
        if next(waited) > LOAD_SECONDS:
            raise RuntimeError(f"{busy} was not loaded in {LOAD_SECONDS} s")


def rest(daemon: Daemon) -> None:
    """Wait until the daemon is idle: what was loaded is checked once more afterwards."""
    for _ in range(int(LOAD_SECONDS / REST_SECONDS)):
        before = daemon.cpu_seconds
        threading.Event().wait(REST_SECONDS)
        if daemon.cpu_seconds - before < REST_SHARE * REST_SECONDS:
            return
    raise RuntimeError(f"the daemon was not idle in {LOAD_SECONDS} s")


def newest_run(daemon: Daemon) -> int:
    return int(_document(daemon, "GET", f"{API}/ingest/status")["run_id"])


@contextmanager
def loading(daemon: Daemon, busy: SegmentKey) -> Iterator[threading.Event]:
    """Load the month again and again; the event is set while a load goes on."""
    goes_on, enough = threading.Event(), threading.Event()

    def again() -> None:
        while not enough.is_set():
            goes_on.set()
            load(daemon, busy)
            goes_on.clear()

    loader = threading.Thread(target=again, name="loader")
    loader.start()
    try:
        goes_on.wait()
        yield goes_on
    finally:
        enough.set()
        loader.join()


def _warm(daemon: Daemon, paths: Sequence[str]) -> None:
    """Have read what is read once: sessions are opened, files parsed."""
    list(_kept(daemon, paths, 3))


def _kept(daemon: Daemon, paths: Sequence[str], samples: int) -> Iterator[float]:
    with closing(daemon.client()) as client:
        for path in itertools.islice(itertools.cycle(paths), samples):
            yield _ask(client, path)
            threading.Event().wait(PACE)


def _anew(daemon: Daemon, paths: Sequence[str], samples: int) -> Iterator[float]:
    for path in itertools.islice(itertools.cycle(paths), samples):
        with closing(daemon.client()) as client:
            yield _ask(client, path)
        threading.Event().wait(PACE)


def _while(
    goes_on: threading.Event, daemon: Daemon, paths: Sequence[str], samples: int
) -> Iterator[float]:
    """Only what was asked and answered during a load counts."""
    counted = 0
    with closing(daemon.client()) as client:
        for path in itertools.cycle(paths):
            goes_on.wait()
            taken = _ask(client, path)
            threading.Event().wait(PACE)
            if goes_on.is_set():
                counted += 1
                yield taken
            if counted == samples:
                return


def _ask(client: http.client.HTTPConnection, path: str) -> float:
    began = perf_counter()
    client.request("GET", path)
    answer = client.getresponse()
    answer.read()
    took = (perf_counter() - began) * 1000
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return took


def _document(daemon: Daemon, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {daemon.token}", "Content-Type": "application/json"}
    with closing(daemon.client()) as client:
        client.request(method, path, None if body is None else json.dumps(body), headers)
        answer = client.getresponse()
        said = answer.read().decode()
    if answer.status >= 400:
        raise RuntimeError(f"{method} {path}: {answer.status} {said}")
    return json.loads(said)


def table(found: Iterable[Taken]) -> Iterator[str]:
    """The medians as lines of Markdown."""
    yield "| read | idle | new connection | while loading | slowest of them |"
    yield "|---|---|---|---|---|"
    for one in found:
        medians = [statistics.median(each) for each in (one.idle, one.anew, one.loading)]
        cells = [f"{value:.1f}" for value in (*medians, max(one.loading))]
        yield f"| {one.route} | {' | '.join(cells)} |"
