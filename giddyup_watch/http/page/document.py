"""The whole page around its parts."""

import hashlib
from collections.abc import Mapping
from urllib.parse import quote

from giddyup_watch import __version__
from giddyup_watch.http.page import assets
from giddyup_watch.http.page.facts import Facts
from giddyup_watch.http.page.html import Child, Html, tag
from giddyup_watch.http.page.parts import freshness, health, runs, words
from giddyup_watch.http.page.verdict import Level, Verdict

#: What is drawn in the icon of the tab, and on what colour.
_ICONS: dict[Level, tuple[str, str]] = {
    "well": ("1f7a43", "M4 8.5l3 3 5.5-6.5"),
    "note": ("5b6b7b", "M4.5 8h7"),
    "warn": ("a86200", "M8 3.6v5.2M8 11.6v.6"),
    "bad": ("c22f2f", "M5 5l6 6M11 5l-6 6"),
}
#: A page of another version has to be loaded again.
VERSION = assets.VERSION


def parts(
    facts: Facts, verdict: Verdict, missing: Html, head: Html, drawn: Mapping[str, Html]
) -> dict[str, Html]:
    """What changes by itself, by the id of its element; `head` and `drawn` are the calendars."""
    return {
        "health": health.render(facts, verdict),
        "gaps": missing,
        "runs": runs.render(facts),
        "freshness": freshness.render(facts),
        "coverage-head": head,
        **drawn,
    }


def digest(part: Html) -> str:
    """Tells whether a reader has it already."""
    return hashlib.sha256(part.encode()).hexdigest()[:10]


def title(verdict: Verdict) -> str:
    return f"{health.SIGNS[verdict.level]} {verdict.headline} · giddyup-watch"


def icon(level: Level) -> str:
    colour, path = _ICONS[level]
    drawn = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
        f"<rect width='16' height='16' rx='{2 if level == 'bad' else 8}' fill='#{colour}'/>"
        f"<path d='{path}' fill='none' stroke='#fff' stroke-width='2' stroke-linecap='round'/>"
        "</svg>"
    )
    return f"data:image/svg+xml,{quote(drawn)}"


def status(facts: Facts, verdict: Verdict, year: int | None, made: Mapping[str, Html]) -> Html:
    """The status page. `data-have` tells the script which state of each part it begins with."""
    have = ",".join(f"{name}.{digest(part)}" for name, part in made.items())
    local = words.moment(facts.now, facts.situation.zone, facts.today)
    calendars = [part for name, part in made.items() if name.startswith("year-")]
    body = [
        tag("p", id="spoken", role="status", class_="sr"),
        tag("p", id="lost", class_="lost", hidden=True, role="alert"),
        made["health"],
        made["freshness"],
        made["gaps"],
        made["runs"],
        tag(
            "section",
            made["coverage-head"],
            tag("div", calendars, class_="calendars", id="calendars"),
            id="coverage",
            aria_labelledby="coverage-title",
        ),
        _ask(facts),
    ]
    named = tag("h1", tag("a", "giddyup-watch", href="/"))
    master = tag("code", facts.situation.master, class_="quiet master")
    pulse = tag("p", tag("span", "As of ", local), id="pulse", class_="quiet")
    return _whole(
        title(verdict),
        tag("header", named, master, pulse),
        tag("main", body, id="main", data_have=have, data_year=year or "", data_version=VERSION),
        verdict.level,
    )


def plain(name: str, *children: Child) -> Html:
    """Another page in the same clothes, without anything live."""
    home = tag("p", tag("a", "giddyup-watch", href="/"), class_="home")
    head = tag("header", home)
    return _whole(f"{name} · giddyup-watch", head, tag("main", children, id="main"), "note")


def _ask(facts: Facts) -> Html:
    """A day by its date: for whom the squares of the calendar are too small."""
    folders = [
        tag("option", f"{region}/{code}", value=f"{region}/{code}")
        for region, code in facts.situation.folders
    ]
    return tag(
        "form",
        tag("h2", "Why is a day as it is?", id="ask-title"),
        tag("label", "Folder ", tag("select", folders, name="folder")),
        tag("label", "Day ", tag("input", type="date", name="on", required=True,
                                 value=str(facts.today))),
        tag("button", "Ask why"),
        action="/why", method="get", id="ask", aria_labelledby="ask-title",
    )  # fmt: skip


def _whole(name: str, header: Html, main: Html, level: Level) -> Html:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("title", name),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href=icon(level), id="icon", data_lost=icon("bad")),
        tag("style", Html(assets.STYLE)),
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#main", class_="skip"),
        header,
        main,
        tag("footer", f"giddyup-watch {__version__}", class_="quiet"),
        tag("script", Html(assets.SCRIPT)),
    )
    return Html(f"<!doctype html>\n{tag('html', head, body, lang='en')}\n")
