"""Whatever is asked, in the form of the document or not, the answer is one that it promises.

schemathesis makes the requests, all its checks on; what it is told beside the
document is in schemathesis.toml and hooks.py.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.http.access.gate import Limits, Rate
from giddyup_watch.store import connection, control
from tests.daemon.running import Running, running
from tests.http.asking import TOKEN
from tests.server import Server

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
UNLIMITED = Rate(10**9, 1e9)
LIMITS = Limits(reads=UNLIMITED, writes=UNLIMITED, refused=UNLIMITED)
OPERATIONS = 16


def ask_anything(url: str, folder: Path, *, examples: int, phases: str) -> int:
    """How many requests were made; fails with the findings when there are any."""
    report = folder / "report.json"
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={HERE / 'schemathesis.toml'}",
        "run", str(ROOT / "docs" / "openapi.json"), f"--url={url}",
        f"--header=Authorization: Bearer {TOKEN}", "--checks=all", f"--phases={phases}",
        f"--max-examples={examples}", "--seed=1", "--request-timeout=10", "--no-shrink",
        "--no-color", f"--report-json-path={report}",
    ]  # fmt: skip
    environ = os.environ | {"SCHEMATHESIS_HOOKS": "tests.http.hooks", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    found: Any = json.loads(report.read_text())
    assert (found["failures"], found["errors"]) == ([], [])
    assert found["operations"]["tested"] == OPERATIONS
    return int(found["test_cases"]["generated"])


@contextmanager
def unlimited(racing: Path, url: str) -> Iterator[Running]:
    """A daemon that answers as often as it is asked; its limits have tests of their own."""
    with running(racing, url, http__token=TOKEN, limits=LIMITS) as daemon:
        daemon.wait_for("run_finished")
        yield daemon


@contextmanager
def loading_all_the_time(url: str, daemon: Running) -> Iterator[None]:
    """Let the daemon load its tree again and again, whoever pauses or cancels it."""
    over = threading.Event()

    def forget() -> None:
        with closing(connection.connect(url, application_name="forgetting")) as conn:
            while not over.wait(0.2):
                control.resume(conn)
                conn.execute("DELETE FROM racing.ledger_segments WHERE region = 'gb'")
                daemon.parts.worker.compare()

    thread = threading.Thread(target=forget)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def runs_begun(daemon: Running) -> int:
    return len(daemon.events("run_started"))


def bugs(daemon: Running) -> list[str]:
    """Requests that were answered by no answer of ours, and services that gave up."""
    lines = daemon.parts.metrics.render().decode().splitlines()
    found = [line for line in lines if 'code="500"' in line and not line.endswith(" 0.0")]
    return found + [str(entry) for entry in daemon.logs if entry.get("exc_info")]


def told_to_come_back(daemon: Running) -> list[str]:
    """Requests answered by 503: with the database up and the daemon active there is no reason.

    Not that a segment takes long (`late`: none here takes 10 s), nor a crowd (one client asks).
    """
    lines = daemon.parts.metrics.render().decode().splitlines()
    return [
        line
        for line in lines
        if line.startswith("giddyup_watch_http_requests_total{")
        and 'code="503"' in line
        and 'handler="/readyz"' not in line
        and not line.endswith(" 0.0")
    ]


def test_the_examples_of_the_document(racing: Path, database: str, tmp_path: Path) -> None:
    with unlimited(racing, database) as daemon:
        url = daemon.parts.web.urls[0]
        assert ask_anything(url, tmp_path, examples=1, phases="examples,fuzzing") >= OPERATIONS
        assert not bugs(daemon)
        assert not told_to_come_back(daemon)


@pytest.mark.failure(line=32)
@pytest.mark.slow
def test_anything(racing: Path, database: str, tmp_path: Path) -> None:
    with unlimited(racing, database) as daemon:
        url = daemon.parts.web.urls[0]
        asked = ask_anything(
            url, tmp_path, examples=50, phases="examples,coverage,fuzzing,stateful"
        )
        assert asked > 1500
        assert not bugs(daemon)
        assert not told_to_come_back(daemon)


@pytest.mark.failure(line=32)
@pytest.mark.slow
def test_anything_while_segments_are_loaded(racing: Path, database: str, tmp_path: Path) -> None:
    with unlimited(racing, database) as daemon:
        before = runs_begun(daemon)
        with loading_all_the_time(database, daemon):
            url = daemon.parts.web.urls[0]
            assert ask_anything(url, tmp_path, examples=10, phases="coverage,fuzzing") > 500
        assert runs_begun(daemon) - before > 5
        assert not bugs(daemon)
        assert not told_to_come_back(daemon)


@pytest.mark.failure(line=32)
@pytest.mark.slow
def test_anything_without_a_database(racing: Path, own_postgres: Server, tmp_path: Path) -> None:
    with own_postgres.database() as url, unlimited(racing, url) as daemon:
        own_postgres.stop("immediate")
        daemon.wait_for("database_lost")
        asked = ask_anything(
            daemon.parts.web.urls[0], tmp_path, examples=10, phases="coverage,fuzzing"
        )
        assert asked > 500
        unavailable = [
            daemon.value("http_requests_total", method=method, handler=handler, code="503")
            for method, handler in (
                ("GET", "/api/v1/admin/gaps"),
                ("POST", "/api/v1/admin/ingest/run"),
            )
        ]
        assert min(unavailable) > 0
        own_postgres.start()  # for whoever drops the database
        assert not bugs(daemon)
