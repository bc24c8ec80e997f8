"""What tests ask of a page that is open in a tab."""

import json
import os
from importlib import resources
from pathlib import Path
from typing import Any

from tests.browser.chromium import Tab
from tests.wait import wait_until

#: A folder to keep screenshots in; none by default.
PICTURES = os.environ.get("PICTURES", "")
DESKTOP, PHONE = 1280, 390
SCHEMES = ("light", "dark")
#: Seconds, on a busy machine.
LONG = 60.0

_FINDINGS = "found.violations.map(one => [one.id, one.impact, one.nodes[0].html.slice(0, 200)])"


def text(tab: Tab, selector: str) -> str:
    return str(tab.run(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''"))


def verdict(tab: Tab) -> str:
    return text(tab, "#verdict > span:last-child")


def wait_for_verdict(tab: Tab, said: str) -> None:
    wait_until(lambda: said in verdict(tab), LONG, what=f"the verdict {said}")


def beyond_the_edge(tab: Tab) -> Any:
    """Pixels that the page itself would have to be scrolled sideways for."""
    return tab.run("Math.max(0, document.documentElement.scrollWidth - innerWidth)")


def complaints(tab: Tab, *, whole: bool = True) -> Any:
    """Everything that axe has against the page, the least serious too.

    All days of a year take it seconds; they are alike in states that are not theirs.
    """
    if not tab.run("'axe' in window"):
        script = resources.files("axe_playwright_python").joinpath("axe.min.js")
        tab("Runtime.evaluate", expression=script.read_text("utf-8"))
    context = "document" if whole else "{exclude: ['#calendars']}"
    return tab.run(f"axe.run({context}).then(found => {_FINDINGS})")


def look_at(tab: Tab, name: str, *, whole: bool = False) -> None:
    """At two widths, light and dark: nothing is cut off, axe is content; and keep a picture."""
    for width in (DESKTOP, PHONE):
        for scheme in SCHEMES:
            tab.dress(width, prefers_color_scheme=scheme)
            if PICTURES:
                tab.run(
                    "(document.querySelector('.master') ?? {}).textContent = '/srv/racing/master'"
                )
                tab.picture(Path(PICTURES) / f"{name}-{width}-{scheme}.png")
            assert beyond_the_edge(tab) == 0, (name, width)
            assert complaints(tab, whole=whole) == [], (name, width, scheme)
