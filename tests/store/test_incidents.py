"""`racing.data_gaps` as the functions over it promise."""

import threading
from contextlib import closing
from dataclasses import replace

import pytest

from giddyup_watch.store import connection, incidents, queries
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Sighting

LOST = Sighting("lost", "lost", "a", "warning", "gb", "flat", None, "it is lost", {"n": 1})


def test_an_incident_is_recorded_once_and_told_of_when_it_is_news(conn: Connection) -> None:
    (opened,) = incidents.record(conn, [LOST])
    assert incidents.record(conn, [replace(LOST, finding="in other words")]) == []
    (changed,) = incidents.record(conn, [replace(LOST, item={"n": 2})])
    assert changed.gap_id == opened.gap_id
    assert incidents.unresolved(conn) == [changed]
    assert changed.opened_at == opened.opened_at < changed.changed_at == changed.seen_at


def test_nothing_to_record_or_resolve_is_nothing(conn: Connection) -> None:
    assert incidents.record(conn, []) == []
    assert incidents.resolve(conn, []) == []


def test_what_was_resolved_stays_so(conn: Connection) -> None:
    (opened,) = incidents.record(conn, [LOST])
    (resolved,) = incidents.resolve(conn, [opened.gap_id])
    assert incidents.resolve(conn, [opened.gap_id]) == []
    assert incidents.acknowledge(conn, opened.gap_id, "too late") is None
    (again,) = incidents.record(conn, [LOST])
    assert again.gap_id != resolved.gap_id
    assert incidents.unresolved(conn) == [again]


def test_only_what_there_is_can_be_acknowledged(conn: Connection) -> None:
    assert incidents.acknowledge(conn, 4711, "which?") is None


@pytest.mark.parametrize("after", [replace(LOST, severity="critical"), replace(LOST, item={})])
def test_a_change_ends_an_acknowledgement_and_keeps_its_note(
    conn: Connection, after: Sighting
) -> None:
    (opened,) = incidents.record(conn, [LOST])
    incidents.acknowledge(conn, opened.gap_id, "known")
    incidents.record(conn, [LOST])
    (still,) = incidents.unresolved(conn)
    assert still.acked_at is not None
    (changed,) = incidents.record(conn, [after])
    assert (changed.acked_at, changed.note) == (None, "known")


def test_two_who_find_the_same_at_once_open_one(conn: Connection, database: str) -> None:
    with closing(connection.connect(database, application_name="the other")) as other:
        with connection.transaction(conn):
            incidents.record(conn, [LOST])
            thread = threading.Thread(target=incidents.record, args=(other, [LOST]))
            thread.start()
        thread.join()
    assert len(incidents.unresolved(conn)) == 1


def test_the_open_ones_are_found_by_an_index_among_many_resolved(conn: Connection) -> None:
    conn.execute(
        """
        INSERT INTO racing.data_gaps (check_name, family, key, severity, finding, item, resolved_at)
        SELECT 'lost', 'lost', n::text, 'info', '', '{}', now() FROM generate_series(1, 5000) AS n
        """
    )
    incidents.record(conn, [LOST])
    conn.execute(b"ANALYZE racing.data_gaps")
    plan = conn.execute(b"EXPLAIN " + queries.get("fetch_open_gaps")).fetchall()
    assert "data_gaps_open" in str(plan)
