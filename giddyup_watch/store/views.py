"""Materialized views over the facts: which there are, how to refresh them, when that was done."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from giddyup_watch.store import connection, queries
from giddyup_watch.store.connection import Connection

How = Literal["concurrently", "plain"]


@dataclass(frozen=True, slots=True)
class View:
    """A materialized view and its last refresh.

    `rests_on` are the full names of the views that must be refreshed before
    it, `run_id` the last run that had changed the facts when it was refreshed.
    """

    schema: str
    name: str
    full_name: str
    populated: bool
    has_unique_index: bool
    rests_on: list[str]
    refreshed_at: dt.datetime | None
    run_id: int | None

    @property
    def how(self) -> How:
        """CONCURRENTLY compares with what the view showed before, row by row."""
        return "concurrently" if self.populated and self.has_unique_index else "plain"


@dataclass(frozen=True, slots=True)
class Write:
    """The last run that changed the facts."""

    run_id: int
    finished_at: dt.datetime


def fetch(conn: Connection) -> list[View]:
    """Views over the facts, each after those it rests on."""
    return connection.fetch_all(conn, "fetch_views", row=View)


def last_write(conn: Connection) -> Write | None:
    return connection.fetch_one(conn, "fetch_last_write", row=Write)


def refresh(conn: Connection, view: View) -> None:
    """Refresh with this role's own rights; PermissionDeniedError when it does not own the view."""
    name = "refresh_view_concurrently" if view.how == "concurrently" else "refresh_view"
    template = sql.SQL(queries.get(name).decode())
    with connection.translated():
        conn.execute(template.format(view=sql.Identifier(view.schema, view.name)))


def can_refresh_as_owner(conn: Connection) -> bool:
    return bool(connection.fetch_value(conn, "can_call_refresh_view"))


def refresh_as_owner(conn: Connection, view: View) -> None:
    """Refresh with the rights of the role that ran the migrations."""
    params = {"schema": view.schema, "name": view.name, "concurrently": view.how == "concurrently"}
    connection.fetch_value(conn, "call_refresh_view", params)


def measure_facts(conn: Connection) -> None:
    """Give the server the statistics without which it computes views in minutes, not seconds."""
    connection.fetch_value(conn, "measure_facts")


def record_refreshed(conn: Connection, view: View, how: How, write: Write | None) -> float:
    """Note a refresh in its own transaction; how many seconds that has taken so far."""
    params = {
        "view_name": view.full_name,
        "how": how,
        "run_id": None if write is None else write.run_id,
    }
    return float(connection.fetch_value(conn, "upsert_view_refreshed", params))


def record_failed(conn: Connection, view: View, error: str) -> None:
    params = {"view_name": view.full_name, "error": error}
    connection.execute(conn, "upsert_view_failed", params)


def forget_others(conn: Connection, known: list[View]) -> None:
    """Drop the record of views that are no longer there."""
    names = [view.full_name for view in known]
    connection.execute(conn, "delete_dropped_views", {"known": names})
