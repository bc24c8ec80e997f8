"""By keyboard, by ear, without script, on paper, large, and with the system's own colours."""

import base64
import json
import re

import pytest

from tests.browser import looking
from tests.browser.chromium import Tab
from tests.http.conftest import Admin
from tests.wait import wait_until

pytestmark = pytest.mark.browser

AT = "document.activeElement"
DAY = "/why/gb/flat/2024-06-03"


def opened(tab: Tab, admin: Admin) -> None:
    tab.open(f"{admin.tcp}/?year=2024")
    looking.wait_for_verdict(tab, "All is well")
    wait_until(lambda: tab.run("document.querySelectorAll('a.day.loaded').length"), looking.LONG)


def test_every_day_is_reached_by_keyboard(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)
    assert tab.run("document.querySelectorAll('.year a.day[tabindex=\"0\"]').length") == 4
    tab.run(f"document.querySelector('a.day[href=\"{DAY}\"]').focus()")
    for key, day in (
        ("ArrowRight", "06-04"), ("ArrowDown", "07-04"), ("ArrowLeft", "07-03"),
        ("ArrowUp", "06-03"), ("Home", "01-01"), ("End", "12-31"),
    ):  # fmt: skip
        tab.press(key)
        assert tab.run(f"{AT}.pathname") == f"/why/gb/flat/2024-{day}"
    reached = set()
    tab.press("Home")
    for _ in range(366):
        reached.add(tab.run(f"{AT}.pathname"))
        tab.press("ArrowRight")
    assert len(reached) == 366


def test_tab_goes_through_everything_and_shows_where_it_is(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)
    tab.press("Tab")
    assert tab.run(f"{AT}.textContent") == "Skip to the content"
    assert tab.run(f"{AT}.getBoundingClientRect().left") >= 0
    stops = []
    for _ in range(150):
        tab.press("Tab")
        if tab.run(f"{AT} === document.body"):
            break
        stops.append(tab.run(f"{AT}.getAttribute('href') || {AT}.name || {AT}.textContent"))
        style = f"getComputedStyle({AT})"
        seen = f"{style}.outlineStyle !== 'none' && {style}.outlineWidth !== '0px'"
        assert tab.run(seen), tab.run(f"{AT}.outerHTML.slice(0, 200)")
    assert {"folder", "on", "Ask why", "/?year=2023#coverage"} <= set(stops)
    assert sum(stop.startswith("/why/") for stop in stops) < 80


def test_the_skip_link_skips(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)
    tab.press("Tab")
    tab.press("Enter")
    assert tab.run("location.hash") == "#main"


def test_a_day_tells_its_why_in_place(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)
    tab.run(f"document.querySelector('a.day[href=\"{DAY}\"]').focus()")
    tab.press("Enter")
    wait_until(lambda: tab.run("document.querySelector('#sheet')?.open"), looking.LONG)
    assert "gb/flat/2024-06-03" in looking.text(tab, "#sheet h1")
    assert tab.run("location.pathname") == "/"
    link = "document.querySelector('#sheet .bar-of-sheet a').href"
    assert tab.run(link) == admin.tcp + DAY
    for width in (looking.DESKTOP, looking.PHONE):
        tab.dress(width, prefers_color_scheme="dark")
        assert looking.beyond_the_edge(tab) == 0
        assert looking.complaints(tab, whole=False) == []
    tab.run("[...document.querySelectorAll('#sheet nav a')].at(-1).click()")
    wait_until(lambda: "2024-06-04" in looking.text(tab, "#sheet h1"), looking.LONG)
    assert tab.run("document.querySelector('#sheet').contains(document.activeElement)")
    tab.press("Escape")
    wait_until(lambda: not tab.run("document.querySelector('#sheet').open"))
    assert tab.run(f"{AT}.pathname") == DAY


def test_what_a_screen_reader_finds(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)
    nodes = tab("Accessibility.getFullAXTree")["nodes"]
    found = [
        (node.get("role", {}).get("value"), node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored")
    ]
    assert {role for role, _ in found} >= {"main", "banner", "contentinfo", "navigation", "status"}
    regions = [name for role, name in found if role == "region"]
    assert regions[0].endswith("All is well")
    assert regions[1:5] == ["Freshness", "Open gaps", "Last runs", "Coverage 2024"]
    headings = [name for role, name in found if role == "heading"]
    assert headings[:2] == ["giddyup-watch", "All is well"]
    links = [name for role, name in found if role == "link"]
    assert any(re.fullmatch(r"Mon 3 Jun 2024: \w.*", name) for name in links)
    assert [name for name in links if name in ("", "+", ".", "~")] == []
    rows = [name for role, name in found if role == "rowheader"]
    assert "Jun 2024, gb/flat" in rows


def test_it_is_complete_without_script(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)  # the calendar is there from now on
    tab("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(f"{admin.tcp}/?year=2024")
    looking.wait_for_verdict(tab, "All is well")
    shown = tab.run("document.body.innerText")
    for said in ("All is well", "As of ", "Freshness", "Open gaps", "Last runs", "Coverage 2024",
                 "inserted", "Why is a day"):  # fmt: skip
        assert said in shown
    assert "Copy" not in shown
    tab.run(f"document.querySelector('a.day[href=\"{DAY}\"]').focus()")
    tab.press("Enter")
    wait_until(lambda: tab.run("location.pathname") == DAY, looking.LONG)
    wait_until(lambda: "gb/flat/2024-06-03" in looking.text(tab, "h1"), looking.LONG)
    tab.run("[...document.querySelectorAll('nav a')].at(-1).click()")
    wait_until(lambda: "2024-06-04" in looking.text(tab, "#why-title"), looking.LONG)


@pytest.mark.parametrize("width", [320, 360, 760, 2200])
def test_it_fits_every_width(admin: Admin, tab: Tab, width: int) -> None:
    """1280 points at 400 percent are 320."""
    tab.dress(width)
    for path in ("/?year=2024", DAY):
        tab.open(admin.tcp + path)
        assert looking.beyond_the_edge(tab) == 0


def test_motion_and_colours_are_the_readers_choice(admin: Admin, tab: Tab) -> None:
    tab.dress(looking.DESKTOP, prefers_reduced_motion="reduce", forced_colors="active")
    opened(tab, admin)
    assert tab.run("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    edge = "getComputedStyle(document.querySelector('a.day.loaded')).outlineStyle"
    assert tab.run(edge) == "solid"
    assert looking.complaints(tab, whole=False) == []


def test_colour_is_never_the_only_mark(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)
    marks = tab.run("""Object.fromEntries([...document.querySelectorAll(".legend .day")].map(
      (one) => [one.className.replace("day ", ""), one.textContent]))""")
    assert len(set(marks.values())) == len(marks) == 7
    for kind in ("loaded", "no_racing"):
        found = f"[...document.querySelectorAll('a.day.{kind}')].map(one => one.textContent)"
        assert set(tab.run(found)) == {marks[kind]}
    signs = "[...document.querySelectorAll('.lamps .sign')].map(one => one.textContent)"
    assert set(tab.run(signs)) <= {"✓", "○", "!", "✕"}


def test_it_can_be_printed(admin: Admin, tab: Tab) -> None:
    opened(tab, admin)
    printed = base64.b64decode(tab("Page.printToPDF", printBackground=False)["data"])
    assert printed.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4
    tab("Emulation.setEmulatedMedia", media="print")
    hidden = "[...document.querySelectorAll('#ask, .copy, .skip')].every(one => !one.offsetParent)"
    assert tab.run(hidden)


def test_a_command_is_copied(admin: Admin, tab: Tab) -> None:
    tab("Browser.grantPermissions", origin=admin.tcp, permissions=["clipboardReadWrite"])
    opened(tab, admin)
    tab.run("""document.querySelector(".matters, .summary").insertAdjacentHTML("beforeend",
      '<span class="command"><code>giddyup-watch resume</code>' +
      '<button class="copy" data-copy="giddyup-watch resume">Copy</button></span>')""")
    tab.run("document.querySelector('.copy').click()")
    wait_until(lambda: looking.text(tab, ".copy") in ("Copied", "Marked"))
    assert json.dumps(looking.text(tab, ".command code")) == '"giddyup-watch resume"'
