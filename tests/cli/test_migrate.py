"""`migrate`: what is due, applied once, under the lock."""

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
