"""Refresh the materialized views that are behind the facts.

Which views there are, and what they rest on, is read from the catalog at each
pass: operators add and drop them. Each is refreshed in a transaction of its
own, together with the record of it, so that a pass cut short is taken up
where it ended.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from giddyup_watch.errors import (
    DatabaseBusyError,
    DatabaseUnavailableError,
    GiddyupError,
    PermanentError,
    PermissionDeniedError,
)
from giddyup_watch.store import connection, lock, views
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.views import How, View, Write


@dataclass(frozen=True, slots=True)
class ViewResult:
    """What became of one view; `error` is None when it was refreshed."""

    view: str
    how: How
    seconds: float
    error: str | None


def stale(conn: Connection) -> bool:
    """Whether a run has changed the facts since some view was last refreshed."""
    write = views.last_write(conn)
    return any(_behind(view, write) for view in views.fetch(conn))


def run(
    conn: Connection, lock_id: int, *, go_on: Callable[[], bool] = lambda: True
) -> list[ViewResult]:
    """Refresh every view that is behind, each after those it rests on.

    A view that cannot be refreshed is a result with an error, and so are those
    that rest on it; the others are refreshed. `go_on` is asked before each
    view. Nothing is done while another session refreshes. The connection's
    lock_timeout bounds how long a refresh may wait for the view's readers, and
    new readers behind it. Raises DatabaseUnavailableError.
    """
    with lock.held_for_views(conn, lock_id) as taken:
        return _refresh_all(conn, go_on) if taken else []


def _refresh_all(conn: Connection, go_on: Callable[[], bool]) -> list[ViewResult]:
    write = views.last_write(conn)
    found = views.fetch(conn)
    views.forget_others(conn, found)
    if any(_behind(view, write) for view in found):
        with suppress(DatabaseBusyError, PermanentError, PermissionDeniedError):
            views.measure_facts(conn)  # without, it only takes longer
    results: dict[str, ViewResult] = {}
    for view in found:
        done_below = [results[name] for name in view.rests_on if name in results]
        if not done_below and not _behind(view, write):
            continue
        if not go_on():
            break
        results[view.full_name] = _refresh_unless_blocked(conn, view, write, done_below)
    return list(results.values())


def _behind(view: View, write: Write | None) -> bool:
    """By number and time: neither alone tells a run that ended while the view was refreshed."""
    if not view.populated:
        return True
    if write is None:
        return False
    if view.refreshed_at is None or view.run_id != write.run_id:
        return True
    return view.refreshed_at < write.finished_at


def _refresh_unless_blocked(
    conn: Connection, view: View, write: Write | None, below: list[ViewResult]
) -> ViewResult:
    """Over a view that failed, this one would mix old rows with new ones."""
    failed = [result.view for result in below if result.error is not None]
    if failed:
        return _failure(conn, view, 0.0, f"waits for {', '.join(failed)}")
    started = time.monotonic()
    try:
        return _refresh(conn, view, write)
    except DatabaseUnavailableError:
        raise
    except GiddyupError as error:  # whatever is wrong with this view, the others go on
        return _failure(conn, view, time.monotonic() - started, error.message)


def _refresh(conn: Connection, view: View, write: Write | None) -> ViewResult:
    try:
        return _refresh_by(views.refresh, conn, view, write)
    except PermissionDeniedError:
        if not views.can_refresh_as_owner(conn):
            raise
    return _refresh_by(views.refresh_as_owner, conn, view, write)


def _refresh_by(
    refresh: Callable[[Connection, View], None], conn: Connection, view: View, write: Write | None
) -> ViewResult:
    with connection.transaction(conn):
        refresh(conn, view)
        seconds = views.record_refreshed(conn, view, view.how, write)
    return ViewResult(view.full_name, view.how, seconds, None)


def _failure(conn: Connection, view: View, seconds: float, error: str) -> ViewResult:
    views.record_failed(conn, view, error)
    return ViewResult(view.full_name, view.how, seconds, error)
