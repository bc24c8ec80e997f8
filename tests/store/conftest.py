"""Processes and folders around the embedded server."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import pytest

from giddyup_watch.store import cluster, embedded
from tests.conftest import in_memory
from tests.wait import wait_until

REPOSITORY = Path(__file__).parents[2]


class Process:
    """Another process that uses the embedded database of a state directory."""

    def __init__(self, state_dir: Path) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "tests.store.embedded_user", str(state_dir)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def url(self) -> str:
        """Where the database is, once it is up."""
        assert self._popen.stdout is not None
        return self._popen.stdout.readline().strip()

    def leave(self) -> None:
        """End in good order."""
        assert self._popen.communicate(timeout=60) is not None
        assert self._popen.returncode == 0

    def kill(self) -> None:
        self._popen.kill()
        self._popen.communicate(timeout=60)


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state directory with a short name; a server that a test leaves in it is stopped."""
    with tempfile.TemporaryDirectory(prefix="giddyup-", dir=in_memory()) as folder:
        path = Path(folder) / "state"
        yield path
        if embedded.exists(path):
            with suppress(Exception):
                cluster.stop(cluster.at(path / embedded.FOLDER))


@pytest.fixture(scope="session")
def _made_once() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="giddyup-", dir=in_memory()) as folder:
        with embedded.server(Path(folder)):
            pass
        yield Path(folder)


@pytest.fixture
def made(_made_once: Path, state_dir: Path) -> Path:
    """A state directory in which the database is there already, and stopped."""
    subprocess.run(["cp", "--archive", _made_once, state_dir], check=True)
    return state_dir


@pytest.fixture
def process(state_dir: Path) -> Iterator[Callable[[], Process]]:
    """Starts processes that use the database of `state_dir`, and ends them."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Process(state_dir))


def server_pid(state_dir: Path) -> int:
    """Process id of the postmaster."""
    return int((state_dir / embedded.FOLDER / cluster.PID_FILE).read_text().split()[0])


def wait_for_end(state_dir: Path) -> None:
    place = cluster.at(state_dir / embedded.FOLDER)
    wait_until(lambda: not cluster.alive(place), what="the server ends")
