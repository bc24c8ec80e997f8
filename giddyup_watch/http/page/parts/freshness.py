"""How far each region and code is loaded."""

from collections import Counter

from giddyup_watch.http.page.facts import Facts
from giddyup_watch.http.page.html import Child, Html, tag
from giddyup_watch.http.page.parts import words
from giddyup_watch.store.ledger import Freshness


def render(facts: Facts) -> Html:
    known = {(one.region, one.code): one for one in facts.stored.freshness} if facts.stored else {}
    gaps = Counter((gap.region, gap.code) for gap in facts.open_gaps if gap.severity != "info")
    head = ("Folder", "Newest day", "Last loaded", "Days", "Gaps")
    rows = [
        _row(facts, folder, known.get(folder), gaps[folder])
        for folder in dict.fromkeys((*facts.situation.folders, *known))
    ]
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", name, scope="col") for name in head])),
        tag("tbody", rows),
        class_="fresh",
    )
    return tag(
        "section",
        tag("h2", "Freshness", id="fresh-title"),
        table,
        id="freshness",
        aria_labelledby="fresh-title",
    )


def _row(facts: Facts, folder: tuple[str, str], one: Freshness | None, gaps: int) -> Html:
    region, code = folder
    cells: list[Child] = ["nothing loaded", "never", "0"] if facts.stored else ["unknown", "", ""]
    if one is not None:
        newest = words.day(one.newest_day, facts.today)
        cells = [
            tag("a", newest, href=words.why(region, code, one.newest_day)),
            words.moment(one.last_loaded, facts.situation.zone, facts.today),
            f"{one.days:,}",
        ]
    found: Child = tag("a", f"{gaps:,}", href="#gaps", class_="some") if gaps else "none"
    name = tag("th", f"{region}/{code}", scope="row")
    stale = any(
        (gap.check_name, gap.region, gap.code) == ("stale_source", *folder)
        for gap in facts.open_gaps
    )
    return tag("tr", name, [tag("td", cell) for cell in (*cells, found)], class_=stale and "stale")
