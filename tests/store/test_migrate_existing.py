"""An existing GiddyUp database with rows in it, in each of its variants: completed, not changed."""

from contextlib import closing

import pytest

from giddyup_watch.store import connection, migrate
from tests import legacy
from tests.conftest import LOCK_ID


@pytest.fixture(params=legacy.VARIANTS)
def variant(request: pytest.FixtureRequest) -> legacy.Variant:
    return legacy.VARIANTS[request.param]


@pytest.fixture
def existing(empty_database: str, variant: legacy.Variant) -> str:
    """URL of a filled database of other hands."""
    legacy.build(empty_database, variant)
    legacy.fill(empty_database, variant)
    return empty_database


def test_no_row_is_lost_or_changed(existing: str) -> None:
    before = legacy.contents(existing)

    _migrate(existing)

    after = legacy.contents(existing)
    assert {name: after[name] for name in before} == before
    assert before["runners"][0] == 54
    assert {"ingested_days", "etl_runs", "ledger_segments"} <= after.keys()


def _migrate(url: str) -> list[migrate.Migration]:
    with closing(connection.connect(url, application_name="test")) as conn:
        return migrate.apply(conn, LOCK_ID)
