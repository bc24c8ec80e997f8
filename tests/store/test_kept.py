"""What is kept is given again while it is true: until anybody writes anything to the database."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from giddyup_watch.store import connection, kept
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.kept import Kept, Mark, Statements


@pytest.fixture
def writer(database: str) -> Iterator[Connection]:
    with closing(connection.connect(database, application_name="another program")) as opened:
        yield opened


def write(conn: Connection, key: str) -> None:
    conn.execute(
        "INSERT INTO racing.data_gaps (check_name, family, key, severity, finding, item)"
        " VALUES ('any', 'any', %s, 'info', '', '{}')",
        [key],
    )


def write_and_roll_back(conn: Connection, key: str) -> None:
    with conn.transaction(force_rollback=True):
        write(conn, key)


def until_nobody_else_writes(conn: Connection) -> Mark:
    """The server has other work: wait for two moments between which it did none."""
    before = kept.mark(conn)
    while (now := kept.mark(conn)) != before:
        before = now
    return now


def test_reading_changes_nothing(conn: Connection, writer: Connection) -> None:
    for _ in range(20):  # tests beside this one write to the same server
        before = until_nobody_else_writes(conn)
        writer.execute("SELECT count(*) FROM racing.races").fetchone()
        if kept.mark(conn) == before:
            return
    pytest.fail("it changed each time")


@pytest.mark.parametrize("way", [write, write_and_roll_back])
def test_whoever_writes_changes_it(
    conn: Connection, writer: Connection, way: Callable[[Connection, str], None]
) -> None:
    before = kept.mark(conn)
    way(writer, "one")
    assert kept.mark(conn) != before


def test_a_commit_changes_it_that_was_under_way(conn: Connection, writer: Connection) -> None:
    with writer.transaction():
        write(writer, "one")
        before = kept.mark(conn)
    assert kept.mark(conn) != before


def test_a_transaction_of_repeatable_reads_has_one(conn: Connection, writer: Connection) -> None:
    with connection.transaction(conn, read_only=True, isolation="repeatable read"):
        before = kept.mark(conn)
        write(writer, "one")
        assert kept.mark(conn) == before
    assert kept.mark(conn) != before


def open_gaps(conn: Connection, memory: Kept[list[Any]]) -> list[str]:
    with connection.transaction(conn, read_only=True, isolation="repeatable read"):
        statements = Statements(conn, memory)
        return [row[3] for row in statements.fetch_all("fetch_open_gaps", None, None)]


def test_a_statement_is_answered_as_of_now(conn: Connection, writer: Connection) -> None:
    memory: Kept[list[Any]] = Kept(8)
    assert open_gaps(conn, memory) == []
    for number, way in enumerate((write, write_and_roll_back, write)):
        way(writer, str(number))
        assert open_gaps(conn, memory) == open_gaps(writer, Kept(8))
    writer.execute("DELETE FROM racing.data_gaps WHERE key = '0'")
    assert open_gaps(conn, memory) == ["2"]
    writer.execute("TRUNCATE racing.data_gaps")
    assert open_gaps(conn, memory) == []


def test_what_is_kept_has_its_cause() -> None:
    memory: Kept[str] = Kept(2)
    assert memory.ensure("a", 1, lambda: "first") == "first"
    assert memory.ensure("a", 1, lambda: "second") == "first"
    assert memory.ensure("a", 2, lambda: "third") == "third"
    assert memory.get("a", 1) is None


def test_what_nobody_asked_for_lately_is_forgotten() -> None:
    memory: Kept[str] = Kept(2)
    for name in ("a", "b", "a", "c"):
        memory.ensure(name, None, lambda name=name: name)  # type: ignore[misc]
    assert [memory.get(name, None) for name in ("a", "b", "c")] == ["a", None, "c"]
