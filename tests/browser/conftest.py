"""A browser for all tests of a worker, and daemons that have loaded a year."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from giddyup_watch.demo import tree, writers
from giddyup_watch.demo.racing.cards import World
from tests import server
from tests.browser import looking
from tests.browser.chromium import Browser, Tab, chromium
from tests.daemon.running import running
from tests.http.conftest import admin, racing, small_month, socket_path
from tests.server import Server

__all__ = ["admin", "racing", "small_month", "socket_path"]

TEMPLATE = "year_template"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A tree of the year up to yesterday, all its races run, and a database that has it."""

    master: Path
    template: str


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    with browser.tab() as opened:
        yield opened


@pytest.fixture(scope="session")
def loaded(postgres: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    master = tmp_path_factory.mktemp("year") / "master"
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    volume = 0.3 if looking.PICTURES else 0.15
    world, writer = World(seed=9, volume=volume), writers.AppendWriter(master)
    for key in tree.segments(tree.months(f"{yesterday:%Y}-01", f"{yesterday:%Y-%m}")):
        card = world.month(key, until=yesterday)
        if card.races:
            writer.append(key, card)
    with postgres.administrator() as admin:
        admin.execute(server.command(server.CREATE, TEMPLATE, template))
    with running(master, postgres.url(TEMPLATE)) as daemon:
        daemon.wait_for("run_finished", timeout=120)
    return Loaded(master, TEMPLATE)
