from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


@pytest.fixture
def connect(database: str) -> Iterator[Callable[[], Connection]]:
    """Makes further connections to the test's database."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(
            closing(connection.connect(database, application_name="another session"))
        )
