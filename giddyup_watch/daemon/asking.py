"""What the checks are asked with over HTTP: the tree as it is now, the queue, the settings."""

import datetime as dt
import threading
import time
from collections.abc import Callable

from giddyup_watch.daemon import rescan, terms
from giddyup_watch.daemon.pending import Pending
from giddyup_watch.errors import TreeMissingError
from giddyup_watch.gaps.check import Ask
from giddyup_watch.settings import Settings
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store.connection import Connection


class Asking:
    """Keeps what was read of the tree from one question to the next; used by any thread."""

    def __init__(self, settings: Callable[[], Settings], pending: Pending) -> None:
        self._settings = settings
        self._pending = pending
        self._inventory = Inventory()
        self._lock = threading.Lock()

    def __call__(self, conn: Connection) -> Ask:
        given = self._settings()
        return Ask(
            conn,
            terms.of(given),
            dt.datetime.now(dt.UTC),
            days=(),
            disk=self._disk(given),
            waiting=self._pending.ages(time.monotonic()),
        )

    def _disk(self, given: Settings) -> Inventory | None:
        """A copy that no other question changes; None when the tree is gone or empty."""
        master = given.master
        with self._lock:
            try:
                look = layout.look(master.tree, master.regions, master.codes)
                self._inventory.update(master.tree, look)
            except TreeMissingError:
                return None
            copied = Inventory()
            copied.holdings = self._inventory.holdings
        return copied if rescan.present(look.segments) else None
