"""Trees and databases for whole flows: from the writer's file to the row in PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import _database
from tests.server import Server


@pytest.fixture(scope="module")
def module_database(postgres: Server, _template: str) -> Iterator[str]:
    """A migrated database that the tests of a module share, to read from."""
    with _database(postgres, template=_template) as url:
        yield url


@pytest.fixture
def another_database(postgres: Server, _template: str) -> Iterator[Callable[[], str]]:
    """Makes migrated databases, for a clean load to compare with."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(_database(postgres, template=_template))


@pytest.fixture
def master(tmp_path: Path) -> Path:
    folder = tmp_path / "master"
    folder.mkdir()
    return folder
