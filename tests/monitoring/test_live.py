"""A daemon, watched by Prometheus and Alertmanager themselves: what is asked, what is shouted."""

import json
import re
import shutil
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.demo import edits
from tests.faults import conftest as faults
from tests.faults import sessions
from tests.faults.conftest import Stage
from tests.flow.daemon import Daemon
from tests.monitoring import servers, threads
from tests.monitoring.servers import Alertmanager, Prometheus
from tests.monitoring.test_dashboards import DOCUMENTS, OVER_PROMETHEUS, panels
from tests.server import Server
from tests.wait import wait_until

pytestmark = [pytest.mark.monitoring, pytest.mark.root]

master, own_stage = faults.master, faults.own_stage

#: Panels that are empty while all is well.
QUIET = {"Alerts that fire", "Open gaps", "Open gaps by check", "Open gaps over time"}
CRITICAL = {
    "GiddyupWatchDown", "GiddyupWatchAbsent", "GiddyupWatchLoopStalled", "GiddyupWatchTreeMissing",
    "GiddyupWatchDatabaseDown", "GiddyupWatchNotReady", "GiddyupWatchDataGap",
    "GiddyupWatchFreshnessBudgetBurn",
}  # fmt: skip


@dataclass
class Office:
    stage: Stage
    server: Server
    daemon: Daemon
    prometheus: Prometheus
    alerts: Alertmanager
    folder: Path

    @property
    def target(self) -> str:
        return self.daemon.url.removeprefix("http://")

    def settle(self) -> None:
        """Wait until all is well, and known to be."""
        wait_until(
            lambda: self.alerts.firing() & CRITICAL == set(),
            servers.ALERT_SECONDS,
            what=f"{self.alerts.firing()} go on",
        )


@pytest.fixture
def office(own_stage: Stage, own_postgres: Server, tmp_path: Path) -> Iterator[Office]:
    """A loaded tree that nothing is missing from, its daemon, and who watches it."""
    settings = {
        "http__listen": f"127.0.0.1:{servers.free_port()}",
        "gaps__interval_seconds": 1,
        "gaps__window_days": 1,
        "derived__mode": "refresh",
        "derived__min_interval_seconds": 0,
    }
    with ExitStack() as stack:
        daemon = stack.enter_context(own_stage.daemon(**settings))
        own_stage.wait_until_loaded(faults.SEGMENTS)
        daemon.wait_for("verify_finished")
        alerts = stack.enter_context(servers.alertmanager(tmp_path))
        target = daemon.url.removeprefix("http://")
        prometheus = stack.enter_context(servers.prometheus(tmp_path, alerts, target))
        wait_until(lambda: prometheus.query("giddyup_watch_active == 1"), 30)
        yield Office(own_stage, own_postgres, daemon, prometheus, alerts, tmp_path)


def test_metrics_are_as_prometheus_wants_them(office: Office) -> None:
    with urllib.request.urlopen(f"{office.daemon.url}/metrics", timeout=20) as answer:
        exposition = answer.read()
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_every_panel_has_an_answer(office: Office) -> None:
    wait_until(lambda: office.prometheus.query("job:giddyup_watch_behind:ratio30d"), 30)
    office.stage.correct()
    for name in ("ingest_lag", "derived_duration"):
        grown = f"increase(giddyup_watch_{name}_seconds_count[20s]) > 0"
        wait_until(partial(office.prometheus.query, grown), 30, what=grown)
    empty = {
        (name, panel["title"], target["refId"])
        for name in OVER_PROMETHEUS
        for panel in panels(name)
        for target in panel["targets"]
        if not office.prometheus.query(asked(target))
    }
    assert {title for _, title, _ in empty} <= QUIET, empty


def test_loads_restarts_and_deploys_are_marked(office: Office) -> None:
    (marks,) = {json.dumps(DOCUMENTS[name]["annotations"]["list"]) for name in OVER_PROMETHEUS}
    asks = {
        mark["name"]: partial(office.prometheus.query, asked(mark)) for mark in json.loads(marks)
    }
    assert asks.keys() == {"Restarts", "Deploys", "Runs"}
    wait_until(asks["Deploys"], 30, what="a version that was not there before is not marked")
    wait_until(lambda: not asks["Deploys"](), 60, what="a version that stays is marked")
    assert not asks["Restarts"]()
    office.stage.correct()
    wait_until(asks["Runs"], 30, what="a load is not marked")
    office.daemon.stop()
    with office.daemon:
        wait_until(asks["Restarts"], 30, what="a restart is not marked")
        assert not asks["Deploys"]()


def asked(target: dict[str, Any]) -> str:
    expr = re.sub(r"\$(job|instance)", ".+", target["expr"])
    return expr.replace("$__rate_interval", "20s")


def test_a_stopped_database_is_shouted_about(office: Office) -> None:
    office.alerts.wait_for("GiddyupWatchWatchdog")
    office.settle()
    office.server.stop("fast")
    office.alerts.wait_for("GiddyupWatchDatabaseDown")
    office.alerts.wait_for("GiddyupWatchFreshnessBudgetBurn")
    office.server.start()
    office.settle()


def test_a_tree_that_is_gone_is_shouted_about(office: Office) -> None:
    away = office.folder / "away"
    office.stage.master.rename(away)
    office.alerts.wait_for("GiddyupWatchTreeMissing")
    away.rename(office.stage.master)
    office.settle()


def test_a_day_that_half_vanishes_is_shouted_about(office: Office) -> None:
    card, whole = office.stage.card(), office.stage.card()
    day = Counter(race["date"] for race in card.races).most_common(1)[0][0]
    edits.drop_races(card, [race["race_key"] for race in card.races if race["date"] == day][1:])
    office.stage.put(card)
    office.alerts.wait_for("GiddyupWatchDataGap")
    office.stage.put(whole)
    office.settle()


def test_a_loop_that_hangs_is_shouted_about(office: Office) -> None:
    def beat() -> float:
        component = 'giddyup_watch_heartbeat_timestamp_seconds{component="worker"} '
        with urllib.request.urlopen(f"{office.daemon.url}/metrics", timeout=3) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.removeprefix(component)) for line in lines if component in line)

    with threads.stopped(office.daemon.pid, beat):
        office.alerts.wait_for("GiddyupWatchLoopStalled")
    office.settle()


def test_a_database_that_waits_for_a_backfill_is_shouted_about(office: Office) -> None:
    office.daemon.stop()
    with sessions.session(office.stage.url) as conn:
        conn.execute("TRUNCATE racing.ledger_segments CASCADE")
    with office.daemon:
        office.alerts.wait_for("GiddyupWatchNotReady")
        assert faults.command(office.daemon, "backfill").returncode == 0
        office.settle()


def test_a_dead_daemon_and_a_forgotten_one_are_shouted_about(office: Office) -> None:
    office.daemon.kill()
    office.alerts.wait_for("GiddyupWatchDown")
    with office.daemon:
        office.settle()
        config = office.folder / "prometheus.yml"
        servers.scrape(config, office.alerts)
        office.prometheus.reload()
        office.alerts.wait_for("GiddyupWatchAbsent")
        servers.scrape(config, office.alerts, office.target)
        office.prometheus.reload()
        office.settle()


def test_every_critical_alert_is_provoked() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    provoked = set(re.findall(r'wait_for\("(GiddyupWatch\w+)"\)', here))
    rules = (servers.MONITORING / "rules/giddyup-watch.alerts.yml").read_text(encoding="utf-8")
    critical = re.findall(r"- alert: (\w+)(?:(?!- alert)[\s\S])*?severity: critical", rules)
    assert provoked - {"GiddyupWatchWatchdog"} == set(critical) == CRITICAL
    assert shutil.which("prometheus")
