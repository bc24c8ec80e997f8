"""The committed dashboards, drawn in a browser by Grafana's own components, with real answers.

`make dashboards-png` bundles monitoring/render, whose page this opens.
"""

import datetime as dt
import json
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg

from monitoring.dashboards import __main__ as dashboards
from monitoring.dashboards import tables
from tests.browser.chromium import Tab
from tests.monitoring.servers import Prometheus

#: The calendar of the tables has a column for each day.
WIDTH, WIDE = 1280, 1720
#: Of a panel: a bar then lasts longer than a change and the next.
POINTS = 75
SCRAPE_SECONDS = 1

_FIT = "document.body.getBoundingClientRect().height"
_TITLED = "document.querySelector('[data-title={}]').innerText"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Not between the tests' own words."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of these files: from a page out of a file, a browser fetches no icons."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Easel:
    """Draws what Prometheus and the database answer about the time from `since` on."""

    def __init__(self, tab: Tab, page: str, prometheus: Prometheus, url: str, since: float) -> None:
        self._tab = tab
        self._page = page
        self._prometheus = prometheus
        self._url = url
        self._since = since

    def draw(self, name: str, *, dark: bool = True) -> None:
        """Open the page anew and draw the dashboard of that uid."""
        now = time.time()
        dashboard = json.loads((dashboards.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        step = max(1, round((now - self._since) / POINTS))
        answers = {
            panel["id"]: [self._answer(target, now, step) for target in panel["targets"]]
            for panel in dashboard["panels"]
            if panel["type"] != "row"
        }
        scene = {
            "dashboard": dashboard, "answers": answers, "dark": dark,
            "marks": [
                {"color": one["iconColor"], "at": self._happened(one["expr"], now, step)}
                for one in dashboard["annotations"].get("list", ())
                if one["enable"]
            ],
            "from": self._since, "to": now, "step": step,
        }  # fmt: skip
        width = WIDE if name == tables.UID else WIDTH
        self._tab.dress(width)
        self._tab.open(self._page)
        self._tab.run(f"draw({json.dumps(scene, default=_plain)})")
        self._tab.dress(width, round(self._tab.run(_FIT)))
        self._tab.run("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")

    def keep(self, path: Path) -> None:
        self._tab.picture(path)

    def says(self, title: str) -> str:
        """What is to be read in a panel, below its title."""
        said = str(self._tab.run(_TITLED.format(json.dumps(title))))
        return said.removeprefix(title).strip()

    def _answer(self, target: dict[str, Any], now: float, step: int) -> dict[str, Any]:
        if "rawSql" in target:
            return {"refId": target["refId"], "table": self._rows(target["rawSql"])}
        if target["instant"]:
            found = self._prometheus.query(_asked(target["expr"], step))
        else:
            found = self._over_time(target["expr"], now, step)
        return {"refId": target["refId"], "series": found}

    def _over_time(self, expr: str, now: float, step: int) -> list[dict[str, Any]]:
        start = self._since - self._since % step
        return self._prometheus.query_range(_asked(expr, step), start, now, step)

    def _happened(self, expr: str, now: float, step: int) -> list[float]:
        """When an annotation begins: Grafana makes one of those that follow each other."""
        times = sorted(
            time for one in self._over_time(expr, now, step) for time, _ in one["values"]
        )
        began = [time for before, time in pairwise((0, *times)) if time - before > step]
        return [time for time in began if time > self._since]

    def _rows(self, statement: str) -> dict[str, Any]:
        since = dt.datetime.fromtimestamp(self._since, dt.UTC)
        asked = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= '{since}'", statement)
        with closing(psycopg.connect(self._url)) as conn:
            cursor = conn.execute(asked.encode())
            columns = cursor.description or []
            times = [one.name for one in columns if one.type_display.startswith("timestamp")]
            return {"columns": [one.name for one in columns], "times": times, "rows": list(cursor)}


def _asked(expr: str, step: int) -> str:
    window = max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)
    asked = re.sub(r"\$(job|instance)", ".+", expr)
    return asked.replace("$__rate_interval", f"{window}s")


def _plain(value: object) -> object:
    """As Grafana's data source hands it to the browser."""
    match value:
        case dt.datetime():
            return value.timestamp() * 1000
        case dt.timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case _:
            return str(value)
