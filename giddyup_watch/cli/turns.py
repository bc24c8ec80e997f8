"""One turn of the ingest from the command line: lead it, stop it, say what became of it."""

import dataclasses
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import click

from giddyup_watch import errors, settings
from giddyup_watch.cli import output
from giddyup_watch.derived import refresh
from giddyup_watch.ingest import run
from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.model import Counts, SegmentKey, newest_first
from giddyup_watch.store import control
from giddyup_watch.store.connection import Connection

EXIT_NOT_ALL = 65
EXIT_BUG = 70
EXIT_PAUSED = 75

#: Results that leave something on disk which is not in the database.
_NOT_LOADED = ("held", "refused", "absent", "waiting", "failed")

_STOPPING = b"\nStopping after the segment in hand; once more stops at once.\n"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a turn ended; `signum` is the signal that cut it short, 0 when none did."""

    result: TurnResult
    outcomes: list[Outcome]
    signum: int

    @property
    def exit_code(self) -> int:
        if self.signum:
            return 128 + self.signum
        if any(outcome.trace for outcome in self.outcomes):
            return EXIT_BUG
        whole = all(outcome.result not in _NOT_LOADED for outcome in self.outcomes)
        return 0 if whole and self.result.status != "canceled" else EXIT_NOT_ALL


def session(conn: Connection, given: settings.Settings) -> run.Session:
    return run.Session(
        conn=conn,
        master=given.master.tree,
        rules=settings.rules(given),
        lock_id=given.database.lock_id,
        orphan_seconds=given.watch.orphan_seconds,
    )


def lead(
    conn: Connection,
    given: settings.Settings,
    request: run.Request,
    keys: Iterable[SegmentKey],
    watch: Callable[[Outcome], None] = lambda _: None,
) -> Ended:
    """Ingest `keys`, newest first, and what they pass races to; `watch` sees each outcome."""
    _refuse_while_paused(conn)
    queue = deque(sorted(keys, key=newest_first))
    outcomes: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        queue.extend(key for key in outcome.also if key not in queue)
        watch(outcome)

    with _stopping_on_signal() as stopped_by:
        result = run.turn(
            session(conn, given),
            request,
            lambda: queue.popleft() if queue and not stopped_by() else None,
            report,
        )
        return Ended(result, outcomes, stopped_by())


def refresh_views(conn: Connection, given: settings.Settings, ended: Ended) -> None:
    """Refresh what rests on the facts; a failure is told and changes nothing else."""
    if given.derived.mode == "off" or not ended.result.effects.written or ended.signum:
        return
    for view in refresh.run(conn, given.database.lock_id):
        how = f"not refreshed: {view.error}" if view.error else f"refreshed in {view.seconds:.1f} s"
        click.echo(f"{view.view} {how}", err=True)


def show(ended: Ended, shown: Iterable[Outcome]) -> None:
    """Print a table of `shown` and the totals of the turn."""
    rows = [_row(outcome) for outcome in shown]
    if rows:
        output.table(
            ("segment", "result", "days", "races", "runners", "rejected", "held", "reason"), rows
        )
    effects = ended.result.effects
    run_id = ended.result.run_id
    click.echo(
        f"{'nothing to do' if run_id is None else f'run {run_id} {ended.result.status}'}:"
        f" {effects.segments} segments read; races {_changes(effects.races)};"
        f" runners {_changes(effects.runners)}"
    )


def document(ended: Ended) -> dict[str, Any]:
    """The document of `--json`."""
    return {
        "run_id": ended.result.run_id,
        "status": ended.result.status,
        "stats": ended.result.effects.stats(),
        "segments": [
            {
                "segment": str(outcome.key),
                "result": outcome.result,
                "reason": outcome.reason,
                "days": list(outcome.days),
                "races": dataclasses.asdict(outcome.effects.races),
                "runners": dataclasses.asdict(outcome.effects.runners),
                "seconds": round(outcome.seconds, 3),
            }
            for outcome in ended.outcomes
        ],
    }


def _refuse_while_paused(conn: Connection) -> None:
    asked = control.read(conn)
    if asked.paused:
        until = f" until {asked.paused_until:%Y-%m-%d %H:%M} UTC" if asked.paused_until else ""
        raise PausedError(f"loading is paused{until}", hint="giddyup-watch resume")


class PausedError(errors.TransientError):
    """Somebody asked that nothing be loaded."""

    exit_code = EXIT_PAUSED


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
    return f"+{counts.inserted} ~{counts.updated} -{counts.deleted} ={counts.unchanged}"


@contextmanager
def _stopping_on_signal() -> Iterator[Callable[[], int]]:
    """Yields what tells the signal that asked to stop (0: none); a second one acts as usual."""
    asked = 0
    former = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for signum, handler in former.items():
            signal.signal(signum, handler)

    def ask(signum: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = signum
        restore()
        os.write(2, _STOPPING)

    for signum in former:
        signal.signal(signum, ask)
    try:
        yield lambda: asked
    finally:
        restore()
