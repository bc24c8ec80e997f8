"""One turn of the ingest from the command line: lead it, stop it, say what became of it."""

import os
import signal
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

import click

from giddyup_watch import errors, settings
from giddyup_watch.cli import output
from giddyup_watch.cli.loading import outcomes
from giddyup_watch.derived import refresh, upkeep
from giddyup_watch.ingest import run
from giddyup_watch.ingest.outcome import Outcome, TurnResult
from giddyup_watch.model import SegmentKey, newest_first
from giddyup_watch.store import control
from giddyup_watch.store.connection import Connection

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
        return outcomes.exit_code(self.outcomes, complete=self.result.status == "success")


def session(conn: Connection, given: settings.Settings) -> run.Session:
    made = run.Session(
        conn=conn,
        master=given.master.tree,
        rules=settings.rules(given),
        lock_id=given.database.lock_id,
        orphan_seconds=given.watch.orphan_seconds,
    )
    return replace(made, keep_up=_keep_up) if given.derived.mode == "incremental" else made


def _keep_up(conn: Connection) -> None:
    error = upkeep.keep_up(conn)
    if error:
        click.echo(f"views: not kept up, noted for later: {error}", err=True)


def lead(
    conn: Connection,
    given: settings.Settings,
    request: run.Request,
    keys: Iterable[SegmentKey],
    progress: output.Progress,
) -> Ended:
    """Ingest `keys`, newest first, and what they pass races to."""
    _refuse_while_paused(conn)
    queue = deque(sorted(keys, key=newest_first))
    made: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        made.append(outcome)
        queue.extend(key for key in outcome.also if key not in queue)
        progress(len(made), len(made) + len(queue), f"{outcome.key} {outcome.result}")

    with _stopping_on_signal() as stopped_by:
        result = run.turn(
            session(conn, given),
            request,
            lambda: queue.popleft() if queue and not stopped_by() else None,
            report,
            ahead=lambda: tuple(queue),
        )
        return Ended(result, made, stopped_by())


def refresh_views(conn: Connection, given: settings.Settings, ended: Ended) -> None:
    """Refresh what rests on the facts; a failure is told and changes nothing else."""
    if given.derived.mode == "off" or not ended.result.effects.written or ended.signum:
        return
    worked = upkeep.work_off(conn, given.database.lock_id)
    if worked.error:
        click.echo(f"tables in place of views not brought up: {worked.error}", err=True)
    for view in refresh.run(conn, given.database.lock_id):
        how = f"not refreshed: {view.error}" if view.error else f"refreshed in {view.seconds:.1f} s"
        click.echo(f"{view.view} {how}", err=True)


def tell(ended: Ended, *, as_json: bool, but: Collection[str] = ()) -> None:
    """Print the document, or a table; `but` are results that the table leaves out."""
    if as_json:
        output.document(document(ended))
    else:
        show(ended, (one for one in ended.outcomes if one.result not in but))


def show(ended: Ended, shown: Iterable[Outcome]) -> None:
    """Print a table of `shown` and the totals of the turn."""
    outcomes.table(shown)
    run = f"run {ended.result.run_id} {ended.result.status}"
    click.echo(f"{run}: {outcomes.totals(ended.outcomes, ended.result.effects)}")


def document(ended: Ended) -> dict[str, Any]:
    """The document of `--json`."""
    return {
        "run_id": ended.result.run_id,
        "status": ended.result.status,
        "stats": ended.result.effects.stats(),
        "segments": [outcomes.document(outcome) for outcome in ended.outcomes],
    }


def _refuse_while_paused(conn: Connection) -> None:
    asked = control.read(conn)
    if asked.paused:
        until = f" until {asked.paused_until:%Y-%m-%d %H:%M} UTC" if asked.paused_until else ""
        raise errors.PausedError(f"loading is paused{until}", hint="giddyup-watch resume")


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
