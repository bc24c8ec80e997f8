"""Trees and databases for whole flows: from the writer's file to the row in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Server


@pytest.fixture(scope="module")
def module_database(postgres: Server, template: str) -> Iterator[str]:
    """A migrated database that the tests of a module share, to read from."""
    with postgres.database(template) as url:
        yield url


@pytest.fixture
def master(tmp_path: Path) -> Path:
    folder = tmp_path / "master"
    folder.mkdir()
    return folder
