"""What a stranger reads from the dashboards, when all is well and when it is not; kept as pictures.

Two years of racing and a daemon that follows it for a few minutes, drawn by `make dashboards-png`.
"""

import datetime as dt
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from giddyup_watch.demo import edits, tree, writers
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import SegmentKey
from monitoring.dashboards.panels import BAD, WELL
from tests.browser.chromium import chromium
from tests.conftest import LOCK_ID
from tests.faults import sessions
from tests.flow.daemon import Daemon
from tests.monitoring import servers
from tests.monitoring.rendering import Easel, served
from tests.monitoring.servers import Alertmanager
from tests.server import Server
from tests.wait import wait_until

pytestmark = pytest.mark.rendered

#: Where the bundle of monitoring/render is, and where the pictures go.
FOLDER = Path(os.environ.get("PICTURES", ".state/dashboards")).absolute()
#: Racing on most days at this time of the year, to tell what is missing by.
SEASON, REST = World(seed=9, volume=0.4), World(seed=9, volume=0.05)
#: Of ordinary life before the picture is taken, and of what is wrong then.
LIFE_SECONDS, WRONG_SECONDS = 150, 80
NEWS_SECONDS = 2.0
LOAD_SECONDS = 900
SETTINGS = {
    "watch.rescan_seconds": 1,
    "watch.orphan_seconds": 2,
    "gaps.interval_seconds": 2,
    "derived.min_interval_seconds": 10,
}
LOCK = f"SELECT pg_advisory_lock({LOCK_ID})"
YESTERDAY = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
FIRST, NEWEST = f"{YESTERDAY - dt.timedelta(days=770):%Y-%m}", f"{YESTERDAY:%Y-%m}"
#: What the alerts then say, and of what.
WRONG = {
    "GiddyupWatchDataGap", "held_days", "stale_source",
    "GiddyupWatchDataGapMinor", "missing_days",
    "GiddyupWatchFreshnessBudgetBurn", "GiddyupWatchLockContended",
}  # fmt: skip
STALE = ("gb", "jumps")
STALE_DAYS = 12


@dataclass
class Room:
    master: Path
    url: str
    daemon: Daemon
    alerts: Alertmanager
    easel: Easel

    def live(self, seconds: float) -> None:
        """Have results corrected on disk, one at a time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for key in tree.segments([NEWEST]):
                if (key.region, key.code) != STALE:
                    self._correct(key)
                    threading.Event().wait(NEWS_SECONDS)

    def _correct(self, key: SegmentKey) -> None:
        if writers.paths(self.master, key)["races"].exists():
            card = edits.read(self.master, key)
            races = edits.resulted(card)
            edits.correct_result(card, races[int(time.time()) % len(races)])
            writers.RenameWriter(self.master).replace(key, card)

    def restart(self) -> None:
        self.daemon.stop()
        self.daemon.__enter__()

    def halve_a_day(self) -> None:
        """Have most races of one day vanish from the files."""
        key = SegmentKey("gb", "flat", NEWEST)
        card = edits.read(self.master, key)
        day, _ = Counter(race["date"] for race in card.races).most_common(1)[0]
        edits.drop_races(card, [race["race_key"] for race in card.races if race["date"] == day][1:])
        writers.RenameWriter(self.master).replace(key, card)


@contextmanager
def room(folder: Path, postgres: Server, template: str, *, well: bool) -> Iterator[Room]:
    master = folder / "master"
    write(master, well=well)
    with ExitStack() as stack:
        url = stack.enter_context(postgres.database(template))
        settings = SETTINGS | {"http.listen": f"127.0.0.1:{servers.free_port()}"}
        daemon = stack.enter_context(Daemon(folder / "daemon", master, url, settings))
        wait_until(lambda: daemon.events("verify_finished"), LOAD_SECONDS)
        alerts = stack.enter_context(servers.alertmanager(folder))
        target = daemon.url.removeprefix("http://")
        prometheus = stack.enter_context(servers.prometheus(folder, alerts, target))
        wait_until(lambda: prometheus.query("giddyup_watch_active == 1"), 30)
        tab = stack.enter_context(stack.enter_context(chromium(folder / "chromium")).tab())
        page = f"{stack.enter_context(served(FOLDER))}/page.html"
        easel = Easel(tab, page, prometheus, url, time.time())
        yield Room(master, url, daemon, alerts, easel)


def write(master: Path, *, well: bool) -> None:
    """Three seasons like this one, up to yesterday; else a source ended and a day is left out."""
    skipped = YESTERDAY - dt.timedelta(days=5)
    for key in tree.segments(tree.months(FIRST, NEWEST)):
        ended = not well and (key.region, key.code) == STALE
        months_away = (int(key.month[5:]) - YESTERDAY.month + 6) % 12 - 6
        world = SEASON if abs(months_away) <= 1 else REST
        card = world.month(key, YESTERDAY - dt.timedelta(days=STALE_DAYS if ended else 0))
        if not well and key.holds(skipped) and key.region == "gb":
            edits.drop_day(card, skipped.isoformat())
            card.processed.discard(skipped.isoformat())
        if card.races:
            writers.AppendWriter(master).append(key, card)
            if ended:
                past = time.time() - STALE_DAYS * 86400
                os.utime(writers.paths(master, key)["manifest"], (past, past))


def test_all_is_well(tmp_path: Path, postgres: Server, template: str) -> None:
    with room(tmp_path, postgres, template, well=True) as seen:
        seen.live(LIFE_SECONDS / 2)
        seen.restart()
        seen.live(LIFE_SECONDS / 2)
        show(seen.easel, "well")
        assert seen.easel.says("In a word") == f"{WELL} All is well"
        assert seen.easel.says("Alerts that fire") == "none fires"
        postgres.stop("fast")
        try:
            seen.alerts.wait_for("GiddyupWatchFreshnessBudgetBurn")
            show(seen.easel, "lost", "overview")
            assert seen.easel.says("In a word") == f"{BAD} Something is wrong"
            assert seen.easel.says("Database") == f"{BAD} away"
            assert seen.easel.says("Tree") == f"{WELL} there"
        finally:
            postgres.start()


def test_something_is_wrong(tmp_path: Path, postgres: Server, template: str) -> None:
    with room(tmp_path, postgres, template, well=False) as seen:
        seen.live(LIFE_SECONDS)
        seen.halve_a_day()
        seen.daemon.wait_for("segment_held")
        with sessions.in_the_way(seen.url, LOCK):
            seen.live(WRONG_SECONDS)
            show(seen.easel, "wrong")
            assert seen.easel.says("In a word") == f"{BAD} Something is wrong"
            assert set(seen.easel.says("Alerts that fire").split()) >= WRONG


def show(easel: Easel, scene: str, *names: str) -> None:
    for name in names or ("ingest", "quality", "tables", "overview"):
        easel.draw(f"giddyup-watch-{name}")
        easel.keep(FOLDER / f"{name}-{scene}.png")
