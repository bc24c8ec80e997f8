"""The last runs, each with a bar of what became of its rows."""

from collections.abc import Mapping
from itertools import accumulate

from giddyup_watch.http.page.facts import Facts
from giddyup_watch.http.page.html import Child, Html, tag
from giddyup_watch.http.page.parts import words
from giddyup_watch.store.runs import Run

EFFECTS = ("inserted", "updated", "unchanged", "rejected")
_ALSO = ("deleted", "held", "duplicate")
_MARKS = {"success": "✓", "failed": "✕", "canceled": "!", "running": "↻"}
#: Percent of a bar that the smallest share is drawn with, to be seen at all.
_LEAST = 1.5


def render(facts: Facts) -> Html:
    runs = facts.stored.runs if facts.stored else []
    listed = tag("ol", [_run(run, facts) for run in runs], class_="runs", role="list")
    return tag(
        "section",
        tag("h2", "Last runs", id="runs-title"),
        _legend() if runs else None,
        listed
        if runs
        else tag("p", "None yet." if facts.stored else "Not known yet.", class_="quiet"),
        id="runs",
        aria_labelledby="runs-title",
    )


def _legend() -> Html:
    shown = [tag("li", tag("i", class_=name), name) for name in EFFECTS]
    return tag("ul", shown, class_="legend", aria_label="Colours of the bars", role="list")


def _run(run: Run, facts: Facts) -> Html:
    counts = counted(run.stats or {})
    began = words.moment(run.started_at, facts.situation.zone, facts.today)
    took = f" · {words.duration(run.duration_ms)}" if run.duration_ms is not None else ""
    head: Child = [
        tag("span", f"{run.run_id}", class_="id"),
        tag("span", _MARKS.get(run.status, "•"), class_=f"mark {run.status}", aria_hidden="true"),
        tag("span", run.status, class_=f"status {run.status}"),
        tag("span", _scope(run), class_="scope"),
        tag("span", str(run.scope.get("trigger", "")), " · ", began, took, class_="when"),
    ]
    error = tag("p", run.error_msg, class_="error") if run.error_msg else None
    return tag(
        "li", tag("p", head), _bar(counts), _numbers(run, counts), error,
        data_key=f"run-{run.run_id}",
    )  # fmt: skip


def counted(stats: Mapping[str, int]) -> dict[str, int]:
    """Races and runners together, by effect."""
    return {
        name: stats.get(f"races_{name}", 0) + stats.get(f"runners_{name}", 0)
        for name in (*EFFECTS, *_ALSO)
    }


def _bar(counts: Mapping[str, int]) -> Html:
    """The numbers beside it say the same, so it is hidden from who does not see it."""
    wide = {name: counts[name] for name in EFFECTS if counts[name]}
    total = sum(wide.values())
    shares = [max(_LEAST, 100 * number / total) for number in wide.values()]
    scale = 100 / sum(shares) if shares else 1
    widths = [share * scale for share in shares]
    starts = accumulate(widths, initial=0.0)
    drawn = [
        tag("rect", class_=name, x=f"{start:.2f}", width=f"{width:.2f}", height=1)
        for name, start, width in zip(wide, starts, widths, strict=False)
    ]
    return tag(
        "svg", drawn, class_="bar", viewBox="0 0 100 1", preserveAspectRatio="none",
        aria_hidden="true",
    )  # fmt: skip


def _numbers(run: Run, counts: Mapping[str, int]) -> Html:
    if run.stats is None:
        return tag("p", "Rows are counted at its end.", class_="numbers")
    told = [name for name in (*EFFECTS, *_ALSO) if name in EFFECTS or counts[name]]
    shown = [tag("span", tag("i", class_=name), f"{counts[name]:,} {name} ") for name in told]
    return tag("p", shown, class_="numbers")


def _scope(run: Run) -> str:
    segments = [str(one) for one in run.scope.get("segments") or ()]
    days = len(run.scope.get("dates") or ())
    named = ", ".join(segments[:2]) + (
        f" and {len(segments) - 2} more" if len(segments) > 2 else ""
    )
    asked = "/".join("+".join(map(str, run.scope.get(name) or ())) for name in ("regions", "codes"))
    return ", ".join(filter(None, (named or asked, words.count(days, "day") if days else "")))
