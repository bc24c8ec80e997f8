"""Moments, days, numbers and commands as the page says them."""

import datetime as dt
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from giddyup_watch.http.page.html import Child, Html, tag

#: A command of ours within a sentence: its name, options, and values in capitals.
_COMMAND = re.compile(
    r"giddyup-watch [a-z]+"
    r"(?: (?:--[a-z-]+(?: [a-z]+(?:\|[a-z]+)+)?|[A-Z]+(?:[/-][A-Z]+)*))*"
)


def moment(at: dt.datetime, zone: ZoneInfo, today: dt.date) -> Html:
    """A time of day, with its date unless it is today's; the script makes it an age while young."""
    local = at.astimezone(zone)
    said = local.strftime("%H:%M:%S" if local.date() == today else "%-d %b %Y, %H:%M")
    stamp = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return tag(
        "time", said, datetime=stamp, title=f"{local:%Y-%m-%d %H:%M:%S %Z}", data_said=said
    )  # fmt: skip


def day(which: dt.date, today: dt.date) -> str:
    days = (today - which).days
    spoken = {-1: "tomorrow", 0: "today", 1: "yesterday"}.get(days)
    if spoken:
        return spoken
    return f"{which:%a %-d %b}" if -60 < days < 60 else f"{which:%-d %b %Y}"


def duration(ms: int) -> str:
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    return f"{ms // 60_000} min {ms // 1000 % 60} s"


def count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def why(region: str, code: str, when: object) -> str:
    return f"/why/{region}/{code}/{when}"


def command(text: str) -> Html:
    """A command to copy; the button is shown by the script, which alone can press it."""
    copy = tag(
        "button", "Copy", type="button", class_="copy", data_copy=text, aria_label=f"Copy: {text}"
    )
    return tag("span", tag("code", text), copy, class_="command")


def commands(sentence: str) -> list[str]:
    return _COMMAND.findall(sentence)


def prose(sentence: str) -> list[Child]:
    """The sentence, with what can be copied from it as it stands made ready for that."""
    return list(_prose(sentence))


def _prose(sentence: str) -> Iterator[Child]:
    end = 0
    for found in _COMMAND.finditer(sentence):
        text = found[0]
        yield sentence[end : found.start()]
        yield tag("code", text) if is_template(text) else command(text)
        end = found.end()
    yield sentence[end:]


def is_template(text: str) -> bool:
    """A command with places that are still to be filled."""
    return "|" in text or text.lower() != text
