"""`migrate`: what is due, applied once, under the lock."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.cli.conftest import Cli


@pytest.fixture
def empty_cli(cli: Cli, environ: pytest.MonkeyPatch, empty_database: str) -> Cli:
    environ.setenv("GIDDYUP_WATCH_DATABASE__URL", empty_database)
    return cli


def test_check_lists_what_is_due_and_is_1(empty_cli: Cli) -> None:
    done = empty_cli("migrate", "--check")
    assert done.code == 1
    assert "due: 0001_giddyup\n" in done.out


def test_migrate_applies_once(empty_cli: Cli) -> None:
    first = empty_cli("migrate")
    assert (first.code, "applied: 0001_giddyup\n" in first.out) == (0, True)
    second = empty_cli("migrate")
    assert (second.code, second.out) == (0, "The database is up to date.\n")
    assert empty_cli("migrate", "--check").code == 0


@pytest.fixture
def owner(empty_database: str) -> Iterator[psycopg.Connection[Any]]:
    """Drops at the end what the test has given to the role `watcher`, and the role."""
    with psycopg.connect(empty_database, autocommit=True) as opened:
        yield opened
        opened.execute("DROP OWNED BY watcher")
        opened.execute("DROP ROLE watcher")


def test_role_is_made_and_given_what_it_needs_once(
    empty_cli: Cli, owner: psycopg.Connection[Any]
) -> None:
    first = empty_cli("migrate", "--role", "watcher")
    assert first.code == 0
    assert "applied: 0001_giddyup\n" in first.out
    assert "applied: CREATE ROLE watcher LOGIN\n" in first.out
    assert "applied: GRANT USAGE ON SCHEMA racing TO watcher\n" in first.out
    second = empty_cli("migrate", "--role", "watcher")
    assert (second.code, second.out) == (0, "The database is up to date.\n")


def test_check_says_what_a_role_lacks(empty_cli: Cli, owner: psycopg.Connection[Any]) -> None:
    empty_cli("migrate")
    new = empty_cli("migrate", "--check", "--role", "watcher")
    assert (new.code, new.out) == (1, "due: CREATE ROLE watcher LOGIN\n")

    empty_cli("migrate", "--role", "watcher")
    owner.execute("REVOKE INSERT ON racing.data_gaps FROM watcher")
    lacking = "GRANT INSERT ON TABLE racing.data_gaps TO watcher\n"
    for check in (("--role", "watcher"), ()):
        assert (1, f"due: {lacking}") == (
            (done := empty_cli("migrate", "--check", *check)).code,
            done.out,
        )
    assert empty_cli("migrate").out == f"applied: {lacking}"
    assert empty_cli("migrate", "--check").code == 0


def test_role_that_cannot_be_limited_is_78(empty_cli: Cli) -> None:
    done = empty_cli("migrate", "--role", "postgres")
    assert done.code == 78
    assert "postgres is a superuser" in done.err
