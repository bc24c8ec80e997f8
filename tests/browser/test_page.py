"""The status page as a browser shows it: live, by keyboard, dark, on a phone, without script."""

import csv
import os
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from giddyup_watch.store import control
from giddyup_watch.store.connection import Connection
from tests.browser.chromium import Tab, chromium
from tests.http.conftest import Admin
from tests.wait import wait_until

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("PICTURES", "")
SIZES = ((1280, 900), (390, 844), (360, 700))


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with chromium(tmp_path / "profile") as opened:
        yield opened
        assert opened.errors == []


def shown(tab: Tab, selector: str) -> str:
    return str(tab.run(f"document.querySelector({selector!r}).textContent"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_nothing_is_cut_off_and_axe_is_content(
    admin: Admin, tab: Tab, size: tuple[int, int], scheme: str
) -> None:
    tab.dress(*size, scheme)
    for name, path in (("page", "/?year=2024"), ("why", "/why/gb/flat/2024-06-03")):
        tab.open(admin.tcp + path)
        assert tab.run("document.documentElement.scrollWidth - innerWidth") <= 0
        if PICTURES:
            tab.picture(Path(PICTURES) / f"{name}-{size[0]}-{scheme}.png")
        axe = resources.files("axe_playwright_python").joinpath("axe.min.js")
        tab("Runtime.evaluate", expression=axe.read_text("utf-8"))
        found = "r.violations.map(v => [v.id, v.impact, v.nodes[0].html])"
        assert tab.run(f"axe.run(document).then(r => {found})") == []
    assert {url.split("?")[0].removeprefix(admin.tcp) for url in tab.asked} <= {
        "/", "/live", "/why/gb/flat/2024-06-03",
    } | {url for url in tab.asked if url.startswith("data:")}  # fmt: skip


def test_it_follows_by_itself(admin: Admin, tab: Tab, conn: Connection, racing: Path) -> None:
    tab.open(f"{admin.tcp}/?year=2024")
    wait_until(lambda: "All is well" in shown(tab, "#verdict"))
    folder = racing / "gb" / "flat" / "2024-06"
    races = next(folder.glob("races*.csv"))
    with races.open(newline="") as file:
        head, first, *rest = csv.reader(file)
    first[head.index("race_name")] += " again"
    with races.open("w", newline="") as file:
        csv.writer(file).writerows([head, first, *rest])
    (folder / "manifest.json").touch()
    written = time.monotonic()
    bars = "[...document.querySelector('.bar').children].map(one => one.className.baseVal)"
    wait_until(lambda: tab.run(bars) == ["updated", "unchanged"])  # beside each other, not inside
    assert time.monotonic() - written < 3
    control.pause(conn)
    wait_until(lambda: "Loading is paused" in shown(tab, "#verdict"))
    wait_until(lambda: shown(tab, "#spoken") == "Loading is paused")
    assert tab.run("document.title").startswith("! Loading is paused")


def test_days_are_reached_by_keyboard(admin: Admin, tab: Tab, conn: Connection) -> None:
    tab.open(f"{admin.tcp}/?year=2024")
    assert tab.run("document.querySelectorAll('.year a.day[tabindex=\"0\"]').length") == 4
    tab.run("document.querySelector('a[href=\"/why/gb/flat/2024-06-03\"].day').focus()")
    at = "document.activeElement.getAttribute('href')"
    for key, day in (
        ("ArrowRight", "06-04"), ("ArrowDown", "07-04"), ("ArrowLeft", "07-03"),
        ("ArrowUp", "06-03"),
    ):  # fmt: skip
        tab.press(key)
        assert tab.run(at) == f"/why/gb/flat/2024-{day}"
    conn.execute("UPDATE racing.ledger_days SET state = 'held', reason = 'held to be seen'")
    conn.execute("UPDATE racing.ledger_segments SET state = 'parked' WHERE code = 'jumps'")
    wait_until(lambda: tab.run("document.querySelectorAll('a.day.held').length"))
    assert tab.run(at) == "/why/gb/flat/2024-06-03"


def test_it_is_complete_without_script(admin: Admin, tab: Tab) -> None:
    tab("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(f"{admin.tcp}/?year=2024")
    tree = tab("Accessibility.getFullAXTree")["nodes"]
    names = [node.get("name", {}).get("value", "") for node in tree]
    assert any("All is well" in name for name in names)
    assert sum(": loaded, " in name for name in names) > 4
    tab.open(f"{admin.tcp}/why/gb/flat/2024-06-03")


def test_it_says_when_the_daemon_is_gone(admin: Admin, tab: Tab) -> None:
    tab.open(f"{admin.tcp}/?year=2024")
    admin.daemon.parts.web.stop()
    wait_until(lambda: "has not answered since" in shown(tab, "#lost"), timeout=30)
    assert tab.run("document.title").startswith("✕ No answer")
    tab.errors.clear()  # the connections that were refused
