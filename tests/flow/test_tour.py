"""The five-minute tour, as a person takes it: typed, looked at, ended with Ctrl-C."""

import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.wait import wait_until

pytestmark = pytest.mark.long

START_SECONDS = 90


@contextmanager
def _tour(output: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "giddyup_watch", "demo", *options]
    with output.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        yield process
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, output.read_text()[-3000:]
    finally:
        process.kill()
        process.wait()


def _wait_for(output: Path, pattern: str, process: subprocess.Popen[bytes]) -> str:
    def found() -> re.Match[str] | None:
        assert process.poll() is None, output.read_text()[-3000:]
        return re.search(pattern, output.read_text())

    match = wait_until(found, START_SECONDS, what=pattern)
    assert match is not None
    return match[1]


def _races(conn: psycopg.Connection[Any]) -> int:
    row = conn.execute("SELECT count(*) FROM racing.races").fetchone()
    assert row is not None
    return int(row[0])


def test_the_tour_loads_a_sample_and_follows_the_scraper(tmp_path: Path) -> None:
    output = tmp_path / "said"
    stage = tmp_path / "stage"
    with _tour(output, "--dir", str(stage)) as process:
        url = _wait_for(output, r"psql '(.*)'", process)
        metrics = _wait_for(output, r"metrics +(\S+)", process)
        _wait_for(output, r"scraper: (.+)", process)
        _wait_for(output, r'("trigger": "watch".*"runners_updated")', process)
        with closing(psycopg.connect(url, autocommit=True)) as conn:
            wait_until(lambda: _races(conn) > 1000, START_SECONDS)
        with urllib.request.urlopen(metrics, timeout=10) as answer:
            assert b"giddyup_watch_active 1.0" in answer.read()
        status = subprocess.run(
            [sys.executable, "-m", "giddyup_watch", "status", "--config", stage / "config.toml"],
            capture_output=True,
            check=False,
            text=True,
        )
        assert "active" in status.stdout, status
    assert (stage / "master" / "gb").is_dir()
    assert not (stage / "state" / "postgres" / "postmaster.pid").exists()


def test_without_a_directory_nothing_is_left(tmp_path: Path) -> None:
    output = tmp_path / "said"
    with _tour(output) as process:
        folder = Path(_wait_for(output, r"tree +(\S+)/master", process))
        _wait_for(output, r"(daemon_started)", process)
        assert folder.is_dir()
    assert not folder.exists()
