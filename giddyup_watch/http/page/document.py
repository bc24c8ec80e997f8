"""The whole page around its parts."""

import hashlib
from urllib.parse import quote

from giddyup_watch import __version__
from giddyup_watch.http.page.assets import SCRIPT, STYLE
from giddyup_watch.http.page.facts import Facts
from giddyup_watch.http.page.html import Child, Html, tag
from giddyup_watch.http.page.parts import freshness, gaps, health, runs, words
from giddyup_watch.http.page.verdict import Level, Verdict

#: What the icon in the tab says; the script has the same for the state that it finds.
_COLOURS: dict[Level, str] = {"well": "2a7d46", "note": "5b6b7b", "warn": "b36b00", "bad": "c22f2f"}


def parts(facts: Facts, verdict: Verdict, drawn: Html) -> dict[str, Html]:
    """What changes by itself, by the id of its element; `drawn` is the calendar."""
    return {
        "health": health.render(facts, verdict),
        "gaps": gaps.render(facts),
        "runs": runs.render(facts),
        "freshness": freshness.render(facts),
        "coverage": drawn,
    }


def digest(part: Html) -> str:
    """Tells whether a reader has it already."""
    return hashlib.sha256(part.encode()).hexdigest()[:10]


def title(verdict: Verdict) -> str:
    return f"{health.SIGNS[verdict.level]} {verdict.headline} · giddyup-watch"


def icon(level: Level) -> str:
    drawn = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
        f"<circle cx='8' cy='8' r='7' fill='#{_COLOURS[level]}'/></svg>"
    )
    return f"data:image/svg+xml,{quote(drawn)}"


def status(facts: Facts, verdict: Verdict, year: int, made: dict[str, Html]) -> Html:
    """The status page. `data-have` tells the script which state of each part it begins with."""
    have = ",".join(f"{name}.{digest(part)}" for name, part in made.items())
    local = words.moment(facts.now, facts.situation.zone, facts.today)
    body = [
        tag("p", id="spoken", role="status", class_="sr"),
        tag("p", id="lost", class_="lost", hidden=True, role="alert"),
        made["health"],
        made["gaps"],
        tag("div", made["freshness"], made["runs"], class_="side"),
        made["coverage"],
        _ask(facts),
        tag("p", "As of ", local, class_="quiet asof", id="asof"),
    ]
    named = tag("h1", tag("a", "giddyup-watch", href="/"))
    return _whole(
        title(verdict),
        tag("header", named, tag("span", facts.situation.master, class_="quiet")),
        tag("main", body, id="main", data_have=have, data_year=year),
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
        tag("link", rel="icon", href=icon(level), id="icon"),
        tag("style", Html(STYLE)),
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#main", class_="skip"),
        header,
        main,
        tag("footer", f"giddyup-watch {__version__}", class_="quiet"),
        tag("script", Html(SCRIPT)),
    )
    return Html(f"<!doctype html>\n{tag('html', head, body, lang='en')}\n")
