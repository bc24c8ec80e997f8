"""Runs that somebody asks for: handed from the listeners to the worker, and how they went.

An order waits, is taken by the worker between two segments of its own work, and
is accepted when its run has begun; from then on it has a row in `etl_runs`. One
that is not taken in time is withdrawn, one that cannot be carried out refused:
neither leaves a trace. There is one at a time.
"""

import copy
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from giddyup_watch.errors import GiddyupError, LockBusyError, NotServingError
from giddyup_watch.http.operations.desk import Accepted, Progress, Wanted
from giddyup_watch.ingest.outcome import Outcome

#: Orders whose outcomes are remembered after their end.
KEPT = 8
#: Seconds that a run which was taken gets to begin, beyond what the client gave.
GRACE_SECONDS = 5.0

STARTING = NotServingError(
    "the daemon is starting", kind="starting", hint="try again in a few seconds"
)


@dataclass(eq=False, slots=True)
class Order:
    """Written by the worker only, under the lock of Orders."""

    wanted: Wanted
    state: Literal["waiting", "taken", "accepted", "ended"] = "waiting"
    accepted: Accepted | None = None
    refusal: GiddyupError | None = None
    total: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether its last segment is done: its row may say so a moment before it ends here."""
        return self.accepted is not None and len(self.outcomes) >= self.total


class Orders:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed: NotServingError | None = STARTING
        self._order: Order | None = None
        self._begun: deque[Order] = deque(maxlen=KEPT)
        self._wake: Callable[[], None] = lambda: None

    def wakes(self, wake: Callable[[], None]) -> None:
        """Say whom to wake when there is an order."""
        self._wake = wake

    # Asked by the listeners.

    def place(self, wanted: Wanted, seconds: float) -> Accepted:
        order = self._put(wanted)
        self._wake()
        with self._changed:
            self._changed.wait_for(lambda: order.state != "waiting", seconds)
            if order.state == "waiting":
                self._order = None
                raise NotServingError(
                    f"the daemon was busy with one segment for {seconds:g} s",
                    kind="late",
                    hint="nothing was begun: try again in a few seconds",
                )
            self._changed.wait_for(lambda: order.state != "taken", GRACE_SECONDS)
            if order.refusal is not None:
                raise copy.copy(order.refusal)
            if order.accepted is None:
                raise NotServingError(
                    "the run is about to begin, but the database is slow to note it",
                    kind="late",
                    hint="look at the latest run before you ask again",
                )
            return order.accepted

    def progress(self, run_id: int) -> Progress | None:
        with self._changed:
            for order in self._begun:
                if order.accepted is not None and order.accepted.run_id == run_id:
                    return Progress(order.total, tuple(order.outcomes), order.state == "ended")
        return None

    def _put(self, wanted: Wanted) -> Order:
        with self._changed:
            if self._closed is not None:
                raise copy.copy(self._closed)
            if self._order is not None and self._order.is_over:
                self._changed.wait_for(lambda: self._order is None, GRACE_SECONDS)
            if self._order is not None:
                raise _busy(self._order)
            self._order = Order(wanted)
            return self._order

    # Told by the worker.

    @property
    def waiting(self) -> bool:
        """Whether somebody waits for the work in hand to be laid down."""
        order = self._order
        return order is not None and order.state == "waiting"

    def open(self) -> None:
        with self._changed:
            self._closed = None

    def close(self, kind: str, message: str, hint: str = "") -> None:
        """Take no orders from now on, for this reason; whoever waits is told so too."""
        reason = NotServingError(message, kind=kind, hint=hint)
        with self._changed:
            self._closed = reason
            if self._order is not None and self._order.accepted is None:
                self._order.refusal = reason
            self._finish()

    def take(self) -> Order | None:
        with self._changed:
            if not self.waiting:
                return None
            assert self._order is not None  # noqa: S101  waiting says so
            self._order.state = "taken"
            self._changed.notify_all()
            return self._order

    def accept(self, order: Order, accepted: Accepted, total: int) -> None:
        with self._changed:
            order.accepted, order.total, order.state = accepted, total, "accepted"
            self._begun.append(order)
            self._changed.notify_all()

    def note(self, order: Order, outcome: Outcome, left: int) -> None:
        with self._changed:
            order.outcomes.append(outcome)
            order.total = len(order.outcomes) + left

    def refuse(self, order: Order, reason: GiddyupError) -> None:
        """Say why it was not begun."""
        with self._changed:
            order.refusal = reason
            self._finish()

    def end(self) -> None:
        with self._changed:
            self._finish()

    def _finish(self) -> None:
        if self._order is not None:
            self._order.state = "ended"
            self._order = None
            self._changed.notify_all()


def _busy(order: Order) -> LockBusyError:
    if order.accepted is None:
        holder = f"a run asked for over the {order.wanted.trigger.upper()} that is about to begin"
    else:
        holder = f"run {order.accepted.run_id}, asked for over the {order.wanted.trigger.upper()}"
    return LockBusyError(
        f"{holder} goes on",
        hint="wait for its end, or cancel it",
        holder=holder,
    )
