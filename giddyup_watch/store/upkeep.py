"""The known views as tables that are kept up: what is noted, worked off, compared, built, swapped.

The work itself is in the database's functions, which act with their owner's
rights: the role of a daemon needs none on the tables.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection

#: Triggers on the facts: four events on two tables.
TRIGGERS = 8


@dataclass(frozen=True, slots=True)
class Upkeep:
    """How the known views are kept up.

    `tables`: as tables, by triggers and notes; else they are materialized
    views. `races` changed since, the first of them at `since`. `triggers` and
    `found` count what there is of triggers and of tables in place of views.
    """

    tables: bool
    building: bool
    compared_at: dt.datetime | None
    races: int
    since: dt.datetime | None
    triggers: int
    found: int

    @property
    def mode(self) -> Literal["incremental", "refresh"]:
        """How the database has the known views, whatever the settings say."""
        return "incremental" if self.tables else "refresh"

    @property
    def whole(self) -> bool:
        """Whether everything is there that keeping up needs."""
        return self.triggers == TRIGGERS and self.found == len(KNOWN)


@dataclass(frozen=True, slots=True)
class Drift:
    """What differed from the definitions although nobody had noted it."""

    races: int
    horses: int
    draws: int

    def __bool__(self) -> bool:
        return bool(self.races or self.horses or self.draws)


#: The views that can be tables, by name in schema `racing`.
KNOWN = ("mv_runner_base", "mv_last_next", "mv_draw_bias_flat")


def fetch(conn: Connection) -> Upkeep:
    found = connection.fetch_one(conn, "fetch_upkeep", row=Upkeep)
    return found or Upkeep(False, False, None, 0, None, 0, 0)


def derive_own(conn: Connection) -> int:
    """Bring the tables up to what the transaction at hand changed; how many races that was."""
    return int(connection.fetch_value(conn, "derive_own"))


def derive_noted(conn: Connection, most: int) -> int:
    """Bring the tables up to about `most` of what is noted; 0 when nothing is."""
    return int(connection.fetch_value(conn, "derive_noted", {"most": most}))


def compare(conn: Connection) -> Drift:
    """Compare with the definitions; what differs is noted, or mended already."""
    return connection.fetch_one(conn, "compare_derived", row=Drift) or Drift(0, 0, 0)


def obstacles(conn: Connection) -> list[str]:
    """Why the known views cannot be changed over, each with names."""
    return [why for (why,) in connection.fetch_all(conn, "find_derived_obstacles")]


def watch(conn: Connection) -> None:
    """Have changes of the facts noted. DatabaseBusyError while somebody is writing them."""
    connection.fetch_value(conn, "watch_facts")


def unwatch(conn: Connection) -> None:
    """Have them noted no more. DatabaseBusyError while somebody works with them."""
    connection.fetch_value(conn, "unwatch_facts")


def begin(conn: Connection, *, building: bool) -> None:
    connection.fetch_value(conn, "begin_derived", {"building": building})


def build(conn: Connection, *, as_tables: bool) -> None:
    """Build the known views beside what readers see."""
    connection.fetch_value(conn, "build_derived", {"as_tables": as_tables})


def swap(conn: Connection, *, as_tables: bool) -> None:
    """Put what was built in place. DatabaseBusyError while a reader is in the way."""
    connection.fetch_value(conn, "swap_derived", {"as_tables": as_tables})
