"""The coverage calendar: a year of days for each region and code, each day a link to its why."""

import datetime as dt
from collections.abc import Iterator, Mapping

from giddyup_watch.explain.cells import Cell, State
from giddyup_watch.explain.coverage import Calendar, Coverage
from giddyup_watch.http.operations.forms import FIRST_DAY, LAST_DAY
from giddyup_watch.http.page.facts import Facts
from giddyup_watch.http.page.html import Child, Html, tag
from giddyup_watch.http.page.parts import words

#: What stands for a day, as in `giddyup-watch coverage`.
MARKS: Mapping[State, str] = {
    "loaded": "+", "no_racing": ".", "partly": "P", "missing": "M", "rejected": "R", "held": "H",
    "pending": "~", "none": "",
}  # fmt: skip
#: States whose days are listed with their reason; the worst first. What is pending needs nobody.
_TOLD: tuple[State, ...] = ("missing", "held", "partly", "rejected")
#: Days of one calendar that are listed.
_LISTED = 8
BEING_READ = (
    "The files of the whole tree are being read for the first time, which takes some seconds."
    " The calendar follows by itself, or without a script when the page is loaded again."
)
_MONTH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def head(facts: Facts, year: int, coverage: Coverage | None) -> Html:
    """What is above the calendars."""
    said = None
    if coverage is None:
        away = "Not known while the database is away."
        said = tag("p", away if facts.problem else BEING_READ, class_="stale")
    elif not coverage.tree:
        blind = "There is no tree to compare with: this is what the database knows."
        said = tag("p", blind, class_="stale")
    title = tag("h2", f"Coverage {year}", id="coverage-title")
    return tag("div", title, _years(year, facts.today), said, _legend(), id="coverage-head")


def render(coverage: Coverage | None, year: int, today: dt.date) -> dict[str, Html]:
    """The calendars by the ids of their elements."""
    found = coverage.calendars if coverage else ()
    return {f"year-{one.region}-{one.code}": _calendar(one, year, today) for one in found}


def _years(year: int, today: dt.date) -> Html:
    steps = [
        (year - 1, f"← {year - 1}", FIRST_DAY.year <= year - 1),
        (today.year, "this year", year != today.year),
        (year + 1, f"{year + 1} →", year + 1 <= min(today.year, LAST_DAY.year)),
    ]
    links = [tag("a", said, href=f"/?year={to}#coverage") for to, said, there in steps if there]
    return tag("nav", links, aria_label="Years", class_="years")


def _legend() -> Html:
    shown = [
        tag("li", tag("i", mark, class_=f"day {state}", aria_hidden="true"), _name(state))
        for state, mark in MARKS.items()
        if state != "none"
    ]
    return tag("ul", shown, class_="legend", aria_label="Marks of the calendar", role="list")


def _calendar(one: Calendar, year: int, today: dt.date) -> Html:
    name = f"{one.region}/{one.code}"
    months = [[cell for cell in one.cells if cell.day.month == number] for number in range(1, 13)]
    head = [tag("th", number, scope="col") for number in range(1, 32)]
    corner = tag("td", class_="corner")
    rows = [_month(one, cells, today) for cells in months]
    table = tag(
        "table",
        tag("caption", tag("b", name), " ", tag("span", _totals(one), class_="quiet")),
        tag("thead", tag("tr", corner, head)),
        tag("tbody", rows),
        class_="year",
    )
    end = f"after-{one.region}-{one.code}"
    skip = tag("a", f"Skip the days of {name} {year}", href=f"#{end}", class_="skip")
    return tag(
        "div", skip, table, _told(one), tag("span", id=end, tabindex="-1"),
        class_="calendar", id=f"year-{one.region}-{one.code}",
    )  # fmt: skip


def _totals(one: Calendar) -> str:
    told = (f"{number} {_name(state)}" for state, number in one.totals.items() if number)
    return " · ".join(text for text in told if not text.endswith(" none")) or "nothing known"


def _month(one: Calendar, cells: list[Cell], today: dt.date) -> Html:
    first = cells[0].day
    link = tag(
        "a",
        _MONTH[first.month - 1],
        href=words.why(one.region, one.code, f"{first:%Y-%m}"),
        aria_label=f"{first:%b %Y}, {one.region}/{one.code}",
    )
    days = [_day(one, cell, today) for cell in cells]
    days += [tag("td", class_="no")] * (31 - len(cells))
    return tag("tr", tag("th", link, scope="row"), days)


def _day(one: Calendar, cell: Cell, today: dt.date) -> Html:
    """Days to come of which nothing is known are no links: there is nothing to say of them."""
    said = f"{cell.day:%a %-d %b %Y}: {describe(cell)}"
    if cell.state == "none" and cell.day > today:
        return tag("td", tag("span", said, class_="sr"), class_="ahead")
    link = tag(
        "a",
        MARKS[cell.state] or "\N{NO-BREAK SPACE}",
        href=words.why(one.region, one.code, cell.day),
        aria_label=said,
        class_=f"day {cell.state}",
        aria_current="date" if cell.day == today else None,
    )
    return tag("td", link)


def describe(cell: Cell) -> str:
    if cell.state == "none":
        return "nothing known, nothing expected"
    races = f", {words.count(cell.stored, 'race')}" if cell.stored else ""
    return f"{_name(cell.state)}{races}{f': {cell.reason}' if cell.reason else ''}"


def _told(one: Calendar) -> Child:
    """The days that are not as they should be, in words."""
    wrong = sorted(
        (cell for cell in one.cells if cell.state in _TOLD),
        key=lambda cell: (_TOLD.index(cell.state), -cell.day.toordinal()),
    )
    if not wrong:
        return None
    items = list(_items(one, wrong[:_LISTED]))
    left = len(wrong) - _LISTED
    if left > 0:
        items.append(tag("li", f"and {left:,} more days", class_="quiet"))
    return tag("ul", items, class_="told", role="list")


def _items(one: Calendar, cells: list[Cell]) -> Iterator[Html]:
    for cell in cells:
        mark = tag("i", MARKS[cell.state], class_=f"day {cell.state}", aria_hidden="true")
        link = tag("a", f"{cell.day:%-d %b}", href=words.why(one.region, one.code, cell.day))
        yield tag("li", mark, link, " ", describe(cell))


def _name(state: State) -> str:
    return state.replace("_", " ")
