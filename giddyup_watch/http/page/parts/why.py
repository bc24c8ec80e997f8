"""Why a day or month is as it is: the conclusion, then everything that it rests on."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from giddyup_watch.http.page.html import Child, Html, tag
from giddyup_watch.http.page.parts import words
from giddyup_watch.model import SegmentKey

#: Of an answer, told at its head already.
_TOLD = ("subject", "segment", "day", "verdict", "conclusion", "command")
#: Lines of a table.
_LINES = 100


def render(asked: str, answers: Sequence[Mapping[str, Any]], near: Child) -> Html:
    return tag(
        "section",
        near,
        tag("h1", f"Why is {asked} as it is?", id="why-title"),
        [_answer(one) for one in answers],
        aria_labelledby="why-title",
        class_="why",
    )


def _answer(found: Mapping[str, Any]) -> list[Child]:
    command = found["command"]
    todo = tag("p", "Go on with ", words.command(command), class_="todo") if command else None
    verdict = str(found["verdict"]).replace("_", " ")
    head = tag(
        "p", tag("span", verdict, class_="badge"), " ", found["conclusion"], class_="because"
    )
    evidence = {name: value for name, value in found.items() if name not in _TOLD}
    return [head, todo, [_evidence(name, value) for name, value in evidence.items()]]


def neighbours(key: SegmentKey, day: dt.date | None) -> Html:
    """Links to the days, or months, on both sides, and back to the calendar."""
    if day is not None:
        step = dt.timedelta(days=1)
        sides: list[object] = [day - step, day + step]
        wider: Child = tag("a", key.month, href=words.why(key.region, key.code, key.month))
    else:
        before = key.first_day - dt.timedelta(days=1)
        sides, wider = [f"{before:%Y-%m}", f"{key.next_month:%Y-%m}"], None
    earlier, later = (
        tag("a", arrow, " ", str(one), href=words.why(key.region, key.code, one))
        for arrow, one in zip("←→", sides, strict=True)
    )
    back = tag(
        "a", "Status", href=f"/?year={key.month[:4]}#year-{key.region}-{key.code}", class_="back"
    )
    return tag("nav", back, earlier, wider, later, aria_label="Days near it", class_="years")


def _evidence(name: str, value: object) -> Child:
    if value is None or value in ([], {}, ""):
        return None
    title = name.replace("_", " ").capitalize()
    return tag("section", tag("h2", title), _value(value), class_="evidence")


def _value(value: object) -> Child:
    if isinstance(value, Mapping):
        return _pairs(value)
    if isinstance(value, list | tuple):
        return (
            _table(value)
            if value and isinstance(value[0], Mapping)
            else ", ".join(map(_text, value))
        )
    return _text(value)


def _pairs(value: Mapping[str, object]) -> Html:
    simple: list[Child] = []
    tables: list[Child] = []
    for name, one in value.items():
        called = name.replace("_", " ")
        if isinstance(one, list) and one and isinstance(one[0], Mapping):
            tables += [tag("h3", called.capitalize()), _table(one)]
        elif one not in (None, [], ""):
            simple.append(tag("div", tag("dt", called), tag("dd", _value(one))))
    return tag("div", tag("dl", simple) if simple else None, tables)


def _table(rows: Sequence[Mapping[str, object]]) -> Child:
    """Columns of nothing are left out; what is wide scrolls, by keyboard too."""
    columns = list(_columns(rows[:_LINES]))
    head = tag("tr", [tag("th", name.replace("_", " "), scope="col") for name in columns])
    body = [
        tag("tr", [tag("td", _text(row.get(name))) for name in columns]) for row in rows[:_LINES]
    ]
    table = tag("table", tag("thead", head), tag("tbody", body))
    label = f"Table of {', '.join(columns)}"[:80]
    more = len(rows) - _LINES
    return [
        tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=label),
        tag("p", f"and {more} more", class_="quiet") if more > 0 else None,
    ]


def _columns(rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for name in dict.fromkeys(name for row in rows for name in row):
        if any(row.get(name) not in (None, "", []) for row in rows):
            yield name


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)
