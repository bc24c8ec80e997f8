"""What is missing: open gaps under the check that found them, with what to do."""

import re
from collections.abc import Iterable
from itertools import groupby

from giddyup_watch import model
from giddyup_watch.gaps import checks
from giddyup_watch.gaps.check import Check
from giddyup_watch.http.page.facts import Facts
from giddyup_watch.http.page.html import Child, Html, tag
from giddyup_watch.http.page.parts import words
from giddyup_watch.store.incidents import Incident

_PLACE = re.compile(r"YYYY-MM|[A-Z]+")
_SEVERITIES = ("critical", "warning", "info")
#: Gaps of one check that are shown at once, and that are listed at all.
SHOWN, LISTED = 5, 40
ACKNOWLEDGE = "giddyup-watch gaps ack NUMBER --note TEXT"


def render(facts: Facts) -> Html:
    known = facts.stored.gaps if facts.stored else []
    acked = [gap for gap in known if gap.acked_at is not None]
    body: list[Child] = _groups(facts.open_gaps, facts)
    if body:
        body.append(tag("p", "Known, and nothing to do? ", tag("code", ACKNOWLEDGE),
                        " takes it out of sight until it changes.", class_="quiet"))  # fmt: skip
    else:
        said = "Nothing is missing." if facts.stored else "Not known yet."
        body = [tag("p", said, class_="quiet")]
    if acked:
        title = tag("summary", f"{len(acked):,} acknowledged")
        body.append(tag("details", title, _list(acked, facts), id="gaps-acked"))
    return tag(
        "section",
        tag("h2", "Open gaps", _counts(facts.open_gaps), id="gaps-title"),
        body,
        id="gaps",
        class_=None if known else "none",
        aria_labelledby="gaps-title",
    )


def _counts(found: list[Incident]) -> Child:
    severities = [gap.severity for gap in found]
    return [
        tag("span", f"{severities.count(one)} {one}", class_=f"badge {one}")
        for one in _SEVERITIES
        if one in severities
    ]


def _groups(found: list[Incident], facts: Facts) -> list[Child]:
    def rank(gap: Incident) -> tuple[int, str]:
        return _SEVERITIES.index(gap.severity), gap.check_name

    about = {check.name: check for check in checks.registered()}
    ordered = sorted(found, key=lambda gap: (*rank(gap), -gap.opened_at.timestamp()))
    return [
        _group(severity, name, about.get(name), list(gaps), facts)
        for (severity, name), gaps in groupby(
            ordered, key=lambda gap: (gap.severity, gap.check_name)
        )
    ]


def _group(
    severity: str, name: str, check: Check | None, gaps: list[Incident], facts: Facts
) -> Html:
    head = tag(
        "h3",
        tag("span", severity, class_=f"badge {severity}"),
        " ",
        check.title.rstrip(".") if check else name,
        tag("span", f"{len(gaps):,}", class_="number"),
    )
    hint = tag("p", "What to do: ", words.prose(check.hint), class_="todo") if check else None
    template = _template(check.hint) if check else ""
    rest = gaps[SHOWN:]
    more = None
    if rest:
        title = tag("summary", f"{len(rest):,} more")
        more = tag("details", title, _list(rest, facts, template), id=f"gaps-{severity}-{name}")
    shown = _list(gaps[:SHOWN], facts, template)
    return tag(
        "div", head, hint, shown, more, class_=f"group {severity}", data_key=f"{severity}-{name}"
    )


def _template(hint: str) -> str:
    """The first command of the hint with places that a gap can fill."""
    found = filter(words.is_template, words.commands(hint))
    return next((one for one in found if "|" not in one), "")


def _list(gaps: Iterable[Incident], facts: Facts, template: str = "") -> Child:
    gaps = list(gaps)
    items = [_gap(gap, facts, template) for gap in gaps[:LISTED]]
    left = len(gaps) - LISTED
    told = tag("p", f"and {left:,} more: giddyup-watch gaps", class_="quiet") if left > 0 else None
    return [tag("ul", items, role="list"), told]


def _gap(gap: Incident, facts: Facts, template: str) -> Html:
    opened = words.moment(gap.opened_at, facts.situation.zone, facts.today)
    filled = _filled(template, gap)
    return tag(
        "li",
        tag("p", tag("b", _where(gap)), " ", tag("span", gap.finding.removeprefix(f"{gap.key}: "))),
        tag("p", words.command(filled)) if filled else None,
        tag("p", f"No. {gap.gap_id}, open since ", opened, class_="quiet"),
        tag("p", "Acknowledged: ", gap.note or "", class_="quiet") if gap.acked_at else None,
        data_key=f"gap-{gap.gap_id}",
    )


def _filled(template: str, gap: Incident) -> str:
    """The command for this gap; nothing when it does not say all that the command needs."""
    month = f"{gap.d:%Y-%m}" if gap.d else gap.key[-7:]
    segment = f"{gap.region}/{gap.code}/{month}" if gap.region and gap.code else None
    values = {
        "REGION": gap.region, "R": gap.region, "CODE": gap.code, "C": gap.code,
        "DAY": gap.d, "D": gap.d, "SEGMENT": segment,
        **dict.fromkeys(("MONTH", "M", "YYYY-MM"), month if model.is_month(month) else None),
    }  # fmt: skip
    made = _PLACE.sub(lambda place: str(values.get(place[0]) or place[0]), template)
    return "" if words.is_template(made) else made


def _where(gap: Incident) -> Child:
    if gap.key == f"{gap.region}/{gap.code}/{gap.key[-7:]}" and model.is_month(gap.key[-7:]):
        return tag("a", gap.key, href=f"/why/{gap.key}")
    day = f"{gap.d:%-d %b %Y}" if gap.d else ""
    folder = "/".join(part for part in (gap.region, gap.code) if part)
    said = " ".join(part for part in (folder, day) if part) or gap.key
    if gap.region and gap.code and gap.d:
        return tag("a", said, href=words.why(gap.region, gap.code, gap.d))
    return said
