"""Moments, days and numbers as the page says them."""

import datetime as dt
from zoneinfo import ZoneInfo

from giddyup_watch.http.page.html import Html, tag


def moment(at: dt.datetime, zone: ZoneInfo, today: dt.date) -> Html:
    """A time of day, with its date unless it is today's; the script makes it an age."""
    local = at.astimezone(zone)
    form = "%H:%M:%S" if local.date() == today else "%-d %b %Y, %H:%M"
    stamp = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    full = f"{local:%Y-%m-%d %H:%M:%S %Z}"
    return tag("time", local.strftime(form), datetime=stamp, title=full, data_ago=True)


def day(which: dt.date, today: dt.date) -> str:
    days = (today - which).days
    spoken = {0: "today", 1: "yesterday"}.get(days)
    if spoken:
        return spoken
    return f"{which:%a %-d %b}" if 0 < days < 60 else f"{which:%-d %b %Y}"


def date(which: dt.date) -> Html:
    return tag("time", f"{which:%-d %b %Y}", datetime=str(which))


def duration(ms: int) -> str:
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    return f"{ms // 60_000} min {ms // 1000 % 60} s"


def count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def why(region: str, code: str, when: object) -> str:
    return f"/why/{region}/{code}/{when}"
