"""A daemon with an API: on TCP with a token, and on a socket."""

import datetime as dt
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.daemon.serving.web import Web
from giddyup_watch.daemon.state.orders import Orders
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.tree import build, segments
from giddyup_watch.http import app
from giddyup_watch.http.access.gate import Limits
from giddyup_watch.http.access.trust import Listener
from giddyup_watch.http.listening import server
from giddyup_watch.http.operations.desk import Deed, Desk
from giddyup_watch.http.operations.forms import Folders
from giddyup_watch.metrics import Metrics
from giddyup_watch.store import connection
from tests.daemon.running import Answer, Running, running
from tests.http.asking import BEARER, TOKEN, ask
from tests.wait import wait_until


@pytest.fixture(scope="session")
def small_month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four segments, to copy."""
    master = tmp_path_factory.mktemp("small") / "racing"
    build(master, World(seed=9, volume=0.03), segments(["2024-06"]), today=dt.date(2024, 6, 12))
    return master


@pytest.fixture
def racing(small_month: Path, tmp_path: Path) -> Path:
    """A master tree that can be loaded: four segments of one small month."""
    return Path(shutil.copytree(small_month, tmp_path / "racing", copy_function=shutil.copyfile))


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """Short: the name of a socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        yield Path(folder) / "run" / "admin.sock"


class Admin:
    """The API of a daemon that has loaded its tree."""

    def __init__(self, daemon: Running, socket: Path) -> None:
        self.daemon = daemon
        self.tcp = daemon.parts.web.urls[0]
        self.socket = f"unix:{socket}"

    def get(self, path: str, **headers: str) -> Answer:
        return ask(self.tcp, "GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return ask(self.tcp, "POST", path, body, headers or BEARER)

    def ended(self, run_id: int) -> Any:
        """The run when it has ended."""

        def found() -> Any:
            run = self.get(f"ingest/runs/{run_id}").document
            goes_on = run["progress"] is not None and not run["progress"]["ended"]
            return None if goes_on or run["status"] == "running" else run

        return wait_until(found)


def unasked(*_: object) -> Any:
    raise AssertionError("only the daemon can do that")


def beat() -> None:
    """Nobody watches the loop of these listeners, and nobody works behind them."""


class Door:
    """Both listeners of an API that nobody works behind, and what they logged."""

    def __init__(
        self, database: str, socket: Path, token: str, limits: Limits, *, off_loopback: bool
    ) -> None:
        self.deeds: list[Deed] = []
        self.failed = threading.Event()
        self.metrics = Metrics(regions=("gb",), codes=("flat",))
        site = app.Site(
            metrics=self.metrics,
            stalls=list,
            problems=dict,
            desk=self._desk(database),
            folders=Folders(("gb", "ire"), ("flat", "jumps")),
            token=token,
            limits=limits,
        )
        users = frozenset({0, os.geteuid()})
        local = Listener("socket", local=True, socket=True, uids=users)
        on_tcp = app.create(site, Listener("tcp", local=not off_loopback))
        on_socket = app.create(site, local)
        self.web = Web(
            self.failed,
            (server.Door(on_tcp, ("127.0.0.1", 0)), server.Door(on_socket, socket)),
            beat,
        )

    def _desk(self, database: str) -> Desk:
        def session() -> Any:
            return closing(connection.connect(database, application_name="giddyup-watch test"))

        return Desk(
            identity="this one",
            orders=Orders(),
            ask=unasked,
            session=unasked,
            terms=unasked,
            reading=session,
            writing=session,
            rescan=beat,
            reload=unasked,
            wake=beat,
            today=lambda: dt.date(2025, 10, 13),
            situation=unasked,
            log=self.deeds.append,
        )

    @property
    def tcp(self) -> str:
        return self.web.urls[0]

    @property
    def socket(self) -> str:
        return self.web.urls[1]


@contextmanager
def doors(
    database: str,
    socket: Path,
    token: str = TOKEN,
    limits: Limits | None = None,
    *,
    off_loopback: bool = False,
) -> Iterator[Door]:
    made = Door(database, socket, token, limits or Limits(), off_loopback=off_loopback)
    with made.web:
        yield made
    assert made.web.error is None


@pytest.fixture
def door(database: str, socket_path: Path) -> Iterator[Door]:
    with doors(database, socket_path) as made:
        yield made


@pytest.fixture
def admin(racing: Path, database: str, socket_path: Path) -> Iterator[Admin]:
    with running(racing, database, socket=socket_path, http__token=TOKEN) as daemon:
        daemon.wait_for("run_finished")
        yield Admin(daemon, socket_path)
