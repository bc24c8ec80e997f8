"""A page that stays open: it follows by itself, disturbs nobody, and grows by nothing."""

import datetime as dt
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.tree import build, segments
from giddyup_watch.store import control
from giddyup_watch.store.connection import Connection
from tests.browser import looking
from tests.browser.chromium import Tab
from tests.http.conftest import Admin
from tests.wait import wait_until

pytestmark = pytest.mark.browser

#: What a day that is appended may take until it is seen, in seconds; more where others have the
#: processors.
SEEN = 3.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def opened(tab: Tab, admin: Admin) -> None:
    tab.open(f"{admin.tcp}/?year=2024")
    looking.wait_for_verdict(tab, "All is well")
    wait_until(lambda: tab.run("document.querySelectorAll('a.day.loaded').length"), looking.LONG)


def renewed(tab: Tab, times: int) -> None:
    """Have every part sent again, so many times, each as soon as the one before is in place."""
    tab.run(f"""(async () => {{
      const main = document.querySelector("main");
      const asked = window.fetch;
      let left = {times};
      await new Promise((done) => {{
        window.fetch = async (path, how) => {{
          const answer = await asked(path.replace(/have=.*/, "have="), how);
          const found = await answer.json();
          setTimeout(() => {{
            if (left-- <= 0) {{ window.fetch = asked; done(); }}
            else document.dispatchEvent(new Event("visibilitychange"));
          }});
          return {{ok: true, json: async () => found}};
        }};
        document.dispatchEvent(new Event("visibilitychange"));
      }});
    }})()""")


@contextmanager
def command(master: Path, url: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon as people start it."""
    settings = {
        "GIDDYUP_WATCH_HTTP__LISTEN": f"127.0.0.1:{port}",
        "GIDDYUP_WATCH_DERIVED__MODE": "off",
        "PATH": "/usr/bin:/bin",
        "STATE_DIRECTORY": str(master.parent / "state"),
        "RUNTIME_DIRECTORY": str(master.parent / "runtime"),
    }
    line = [sys.executable, "-m", "giddyup_watch", "run"]
    line += ["--master", str(master), "--database", url]
    (master.parent / "state").mkdir(exist_ok=True)
    (master.parent / "runtime").mkdir(exist_ok=True)
    quiet = subprocess.DEVNULL
    daemon = subprocess.Popen(line, env=settings, stdout=quiet, stderr=quiet)
    try:
        yield daemon
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def append_a_day(racing: Path) -> None:
    folder, other = racing / "gb" / "flat" / "2024-06", racing.parent / "later"
    build(other, World(seed=9, volume=0.1), segments(["2024-06"]), today=dt.date(2024, 6, 22))
    for path in sorted((other / "gb" / "flat" / "2024-06").iterdir(), reverse=True):
        shutil.copy(path, folder)


def test_a_day_that_is_appended_is_seen_by_a_page_left_open_and_so_is_the_end_of_the_daemon(
    racing: Path, database: str, tab: Tab
) -> None:
    port = free_port()
    with command(racing, database, port) as daemon:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(port), looking.LONG)
        tab.open(f"{url}/?year=2024")
        days = "[...document.querySelectorAll('#year-gb-flat a.loaded')].map(one => one.pathname)"
        before = set(wait_until(lambda: tab.run(days), looking.LONG))
        wait_until(lambda: "4 loaded" in looking.text(tab, ".lamps"), looking.LONG)
        append_a_day(racing)
        written = time.monotonic()
        wait_until(lambda: set(tab.run(days)) - before, looking.LONG)
        assert time.monotonic() - written < SEEN
        bars = "[...document.querySelector('.bar').children].map(one => one.className.baseVal)"
        wait_until(lambda: "inserted" in tab.run(bars))
        daemon.kill()
        daemon.wait()
        wait_until(lambda: "has not answered since" in looking.text(tab, "#lost"), looking.LONG)
        assert tab.run("document.title") == "✕ No answer · giddyup-watch"
        assert tab.run("document.querySelectorAll('a.loaded').length") > len(before)
    with command(racing, database, port):
        wait_until(lambda: tab.run("document.querySelector('#lost').hidden"), looking.LONG)
        assert "No answer" not in tab.run("document.title")
        tab.open("about:blank")
        tab.errors.clear()  # the connections that were refused


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_nothing_grows_and_nothing_is_replaced(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)
    tab.run("document.querySelectorAll('main *').forEach(one => { one.before = true; })")
    renewed(tab, 5)
    before = _size(tab)
    renewed(tab, 60)
    after = _size(tab)
    assert after["Nodes"] == pytest.approx(before["Nodes"], rel=0.02)
    assert after["JSEventListeners"] == before["JSEventListeners"]
    assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] * 1.2 + 300_000
    assert tab.run("[...document.querySelectorAll('main *')].every(one => one.before)")


def _size(tab: Tab) -> dict[str, float]:
    tab("Performance.enable")
    tab("HeapProfiler.collectGarbage")
    return {one["name"]: one["value"] for one in tab("Performance.getMetrics")["metrics"]}


def test_what_the_reader_is_at_survives_updates(admin: Admin, tab: Tab, conn: Connection) -> None:
    for number in range(8):
        conn.execute(
            "INSERT INTO racing.data_gaps (check_name, family, key, severity, region, code, d,"
            " finding, item) VALUES ('rejected_rows', 'shown', %s, 'warning', 'gb', 'flat',"
            " '2024-06-03', 'some lines', '{}')",
            [str(number)],
        )
    tab.dress(390, 500)
    tab.open(f"{admin.tcp}/?year=2024")
    wait_until(
        lambda: tab.run("!!document.querySelector('#gaps-warning-rejected_rows')"), looking.LONG
    )
    tab.run("""(() => {
      document.querySelector("#gaps-warning-rejected_rows").open = true;
      document.querySelector("a[href='/why/gb/flat/2024-06-03'].day").focus();
      getSelection().selectAllChildren(document.querySelector("#gaps .group li b"));
      scrollTo(0, 700);
    })()""")
    held = """JSON.stringify([
      document.querySelector("#gaps-warning-rejected_rows").open, document.activeElement.pathname,
      String(getSelection()), scrollY])"""
    before = tab.run(held)
    assert json.loads(before)[:2] == [True, "/why/gb/flat/2024-06-03"]
    conn.execute("UPDATE racing.data_gaps SET finding = 'other lines' WHERE key = '7'")
    conn.execute("UPDATE racing.ledger_days SET state = 'held', reason = 'shrink'")
    conn.execute("UPDATE racing.ledger_segments SET state = 'parked' WHERE code = 'jumps'")
    control.pause(conn)
    wait_until(lambda: "other lines" in looking.text(tab, "#gaps"), looking.LONG)
    wait_until(lambda: "is paused" in looking.text(tab, ".matters"), looking.LONG)
    wait_until(lambda: tab.run("document.querySelectorAll('a.day.held').length"), looking.LONG)
    renewed(tab, 3)
    after = tab.run(held)
    assert json.loads(after)[:3] == json.loads(before)[:3]


def test_only_news_is_spoken(admin: Admin, tab: Tab, conn: Connection) -> None:
    opened(tab, admin)
    tab.run("""window.spoken = [];
      new MutationObserver(() => spoken.push(document.querySelector("#spoken").textContent))
        .observe(document.querySelector("#spoken"), {childList: true, characterData: true});""")
    renewed(tab, 10)
    control.pause(conn)
    looking.wait_for_verdict(tab, "Loading is paused")
    renewed(tab, 10)
    assert tab.run("spoken") == ["Loading is paused"]
    live = tab.run("document.querySelector('#spoken').getAttribute('role')")
    assert live == "status"


def _polls(tab: Tab) -> int:
    tab.run("0")  # hears what the browser has to tell
    return sum("/live" in one for one in tab.asked)


HIDE = """Object.defineProperty(document, "hidden", {get: () => %s, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));"""


def test_a_hidden_page_asks_nothing_and_catches_up_at_once(
    admin: Admin, tab: Tab, conn: Connection
) -> None:
    opened(tab, admin)
    tab.run(HIDE % "true")
    asked = _polls(tab)
    control.pause(conn)
    tab.run("new Promise(done => setTimeout(done, 3500))")
    assert _polls(tab) == asked
    tab.run(HIDE % "false")
    seen = time.monotonic()
    looking.wait_for_verdict(tab, "Loading is paused")
    assert time.monotonic() - seen < SEEN


def test_ages_count_on_while_nothing_is_new(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)
    age = "document.querySelector('.summary time').textContent"
    wait_until(lambda: tab.run(age) not in ("now", ""), looking.LONG)
    said = tab.run(age)
    changed: Any = wait_until(lambda: tab.run(age) if tab.run(age) != said else "", looking.LONG)
    assert changed.endswith(" ago")


def test_an_older_page_is_loaded_again(admin: Admin, tab: Tab) -> None:
    """As after an update of the daemon: its script may not know the new parts."""
    opened(tab, admin)
    tab.run("window.old = true; document.querySelector('main').dataset.version = 'older'")
    wait_until(lambda: not tab.run("window.old === true"), looking.LONG)
    looking.wait_for_verdict(tab, "All is well")
