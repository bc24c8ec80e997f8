"""What became of segments, or would: as rows, as JSON, as an exit code."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from giddyup_watch.cli import output
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.model import Counts, Effects

EXIT_NOT_ALL = 65
EXIT_BUG = 70

#: Results that leave something on disk which is not in the database.
_NOT_LOADED = ("held", "refused", "absent", "waiting", "failed")

_HEADERS = ("segment", "result", "days", "races", "runners", "rejected", "held", "reason")


def exit_code(made: Iterable[Outcome], *, complete: bool = True) -> int:
    """0 when everything asked for is in the database; `complete` is False after a cancel."""
    found = list(made)
    if any(outcome.trace for outcome in found):
        return EXIT_BUG
    whole = complete and all(outcome.result not in _NOT_LOADED for outcome in found)
    return 0 if whole else EXIT_NOT_ALL


def table(made: Iterable[Outcome]) -> None:
    """Print a line for each segment; nothing when there is none."""
    rows = [_row(outcome) for outcome in made]
    if rows:
        output.table(_HEADERS, rows)


def totals(made: Sequence[Outcome], effects: Effects) -> str:
    """How many segments ended how, and what became of the rows."""
    results = Counter(outcome.result for outcome in made)
    segments = ", ".join(f"{count} {result}" for result, count in sorted(results.items())) or "none"
    written = "; ".join(
        f"{name} {counts.inserted} new, {counts.updated} changed, {counts.deleted} deleted,"
        f" {counts.unchanged} as they were"
        for name, counts in (("races", effects.races), ("runners", effects.runners))
    )
    return f"segments {segments}; {written}"


def document(outcome: Outcome) -> dict[str, Any]:
    """One segment in a `--json` document."""
    return {
        "segment": str(outcome.key),
        "result": outcome.result,
        "reason": outcome.reason,
        "days": list(outcome.days),
        "races": dataclasses.asdict(outcome.effects.races),
        "runners": dataclasses.asdict(outcome.effects.runners),
        "seconds": round(outcome.seconds, 3),
    }


def _row(outcome: Outcome) -> tuple[object, ...]:
    races, runners = outcome.effects.races, outcome.effects.runners
    return (
        outcome.key,
        outcome.result,
        len(outcome.days),
        _changes(races),
        _changes(runners),
        races.rejected + runners.rejected,
        races.held + runners.held,
        outcome.reason,
    )


def _changes(counts: Counts) -> str:
    """Inserted, updated, deleted, unchanged: `+3 ~1 -0 =40`."""
    return f"+{counts.inserted} ~{counts.updated} -{counts.deleted} ={counts.unchanged}"
