"""Prometheus and Alertmanager themselves, on loopback, in a hurry."""

import json
import re
import signal
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.wait import wait_until

MONITORING = Path(__file__).resolve().parents[2] / "monitoring"
START_SECONDS = 60
#: Long enough for the slowest alert, at the daemon's own limits, on a busy machine.
ALERT_SECONDS = 120


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass(frozen=True)
class Program:
    url: str
    process: subprocess.Popen[bytes]

    def get(self, path: str, **parameters: str) -> Any:
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        with urllib.request.urlopen(f"{self.url}{path}{query}", timeout=20) as answer:
            return json.load(answer)

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)


class Prometheus(Program):
    def query(self, expr: str) -> list[dict[str, Any]]:
        found = self.get("/api/v1/query", query=expr)
        assert found["status"] == "success", found
        return list(found["data"]["result"])

    def query_range(self, expr: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        span = {"start": str(start), "end": str(end), "step": str(step)}
        found = self.get("/api/v1/query_range", query=expr, **span)
        return list(found["data"]["result"])


class Alertmanager(Program):
    def firing(self) -> set[str]:
        """Names of the alerts that it would send on now."""
        alerts = self.get("/api/v2/alerts", active="true", silenced="false", inhibited="true")
        return {alert["labels"]["alertname"] for alert in alerts}

    def wait_for(self, name: str) -> None:
        wait_until(lambda: name in self.firing(), ALERT_SECONDS, what=f"{name} does not fire")

    def wait_until_over(self, name: str) -> None:
        wait_until(lambda: name not in self.firing(), ALERT_SECONDS, what=f"{name} goes on")


@contextmanager
def alertmanager(folder: Path) -> Iterator[Alertmanager]:
    """With the example's routes and inhibitions."""
    port = free_port()
    line = [
        "prometheus-alertmanager",
        f"--config.file={MONITORING / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _running(folder / "alertmanager.log", line) as process:
        made = Alertmanager(f"http://127.0.0.1:{port}", process)
        _wait_until_ready(made)
        yield made


@contextmanager
def prometheus(folder: Path, alerts: Alertmanager, target: str) -> Iterator[Prometheus]:
    """With the rules in the repository, hurried; `scrape` and a reload change its targets."""
    port = free_port()
    config = folder / "prometheus.yml"
    for rules in (MONITORING / "rules").glob("*.yml"):
        (folder / rules.name).write_text(hurried(rules.read_text(encoding="utf-8")))
    scrape(config, alerts, target)
    line = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with _running(folder / "prometheus.log", line) as process:
        made = Prometheus(f"http://127.0.0.1:{port}", process)
        _wait_until_ready(made)
        yield made


def scrape(config: Path, alerts: Alertmanager, *targets: str) -> None:
    """Write a configuration that asks these every second."""
    config.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(config.parent / "giddyup-watch.*.yml")],
                "alerting": {
                    "alertmanagers": [
                        {
                            "static_configs": [
                                {"targets": [urllib.parse.urlsplit(alerts.url).netloc]}
                            ]
                        }
                    ]
                },
                "scrape_configs": [
                    {
                        "job_name": "giddyup-watch",
                        "static_configs": [{"targets": list(targets)}] if targets else [],
                    }
                ],
            }
        )
    )


def hurried(rules: str) -> str:
    """The same rules with short windows and graces; what they compare with stays as it is."""
    rules = re.sub(r"\bfor: \d+[smh]", "for: 2s", rules)
    rules = re.sub(r"\binterval: \d+[smh]", "interval: 1s", rules)
    return re.sub(r"(:bool)\[\d+[mhd]\]", r"\1[10s]", rules)


def _wait_until_ready(program: Program) -> None:
    def ready() -> bool:
        assert program.process.poll() is None, "it ended"
        with suppress(OSError):
            urllib.request.urlopen(f"{program.url}/-/ready", timeout=5).close()
            return True
        return False

    wait_until(ready, START_SECONDS, what=f"{program.url} is not ready")


@contextmanager
def _running(log: Path, line: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out, subprocess.Popen(line, stdout=out, stderr=out) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)
