from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from tests import server


@pytest.fixture
def connect(database: str) -> Iterator[Callable[[], Connection]]:
    """Makes connections to the test's database for others, who may do everything there."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(
            closing(
                connection.connect(server.as_owner(database), application_name="another session")
            )
        )
