"""How far each region and code is loaded, a tile for each."""

import datetime as dt
from collections import Counter

from giddyup_watch.http.page.facts import Facts
from giddyup_watch.http.page.html import Child, Html, tag
from giddyup_watch.http.page.parts import words
from giddyup_watch.store.ledger import Freshness

Folder = tuple[str, str]


def render(facts: Facts) -> Html:
    known = {(one.region, one.code): one for one in facts.stored.freshness} if facts.stored else {}
    gaps = Counter((gap.region, gap.code) for gap in facts.open_gaps if gap.severity != "info")
    stale = {(gap.region, gap.code) for gap in facts.open_gaps if gap.check_name == "stale_source"}
    tiles = [
        _tile(facts, folder, known.get(folder), gaps[folder], is_stale=folder in stale)
        for folder in dict.fromkeys((*facts.situation.folders, *known))
    ]
    return tag(
        "section",
        tag("h2", "Freshness", id="fresh-title"),
        tag("ul", tiles, class_="fresh", role="list"),
        id="freshness",
        aria_labelledby="fresh-title",
    )


def _tile(
    facts: Facts, folder: Folder, one: Freshness | None, gaps: int, *, is_stale: bool
) -> Html:
    region, code = folder
    newest: Child = tag("span", "nothing loaded" if facts.stored else "not known", class_="newest")
    rest: list[Child] = []
    if one is not None:
        said = tag("a", words.day(one.newest_day, facts.today),
                   href=words.why(region, code, one.newest_day))  # fmt: skip
        newest = tag("span", said, _behind(one.newest_day, facts.today), class_="newest")
        loaded = words.moment(one.last_loaded, facts.situation.zone, facts.today)
        rest = [
            tag("span", "loaded ", loaded),
            tag("span", words.count(one.days, "day")),
        ]
    if gaps:
        rest.append(tag("a", words.count(gaps, "gap"), href="#gaps", class_="some"))
    return tag(
        "li",
        tag("h3", f"{region}/{code}"),
        newest,
        tag("span", "✕ stale: nothing comes in", class_="badge critical") if is_stale else None,
        tag("p", [[part, " "] for part in rest], class_="rest") if rest else None,
        class_="stale" if is_stale else "none" if one is None else None,
        data_key=f"{region}-{code}",
    )


def _behind(newest: dt.date, today: dt.date) -> Child:
    days = (today - newest).days
    return tag("small", f" {days:,} days ago") if days > 1 else None
