"""Derived views follow the facts, and never stand in the way of them."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import server
from tests.daemon.running import running
from tests.daemon.test_worker import correct
from tests.wait import wait_until

VIEWS = {"derived__mode": "refresh", "derived__min_interval_seconds": 0}


@pytest.fixture
def other(database: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with closing(psycopg.connect(server.as_owner(database), autocommit=True)) as conn:
        yield conn


def test_views_follow_a_run_that_wrote(
    racing: Path, database: str, other: psycopg.Connection[tuple[Any, ...]]
) -> None:
    equal = (
        "SELECT (SELECT count(*) FROM racing.mv_runner_base)"
        " = (SELECT count(*) FROM racing.runners) AND EXISTS (SELECT FROM racing.runners)"
    )
    with running(racing, database, **VIEWS) as daemon:
        daemon.wait_for("run_finished")
        wait_until(lambda: other.execute(equal).fetchone() == (True,), 20)
        daemon.wait_for("views_refreshed", 3)
        view = {"view": "racing.mv_runner_base"}
        assert daemon.value("derived_last_success_timestamp_seconds", **view) > 0


def test_runs_that_follow_quickly_share_a_refresh(racing: Path, database: str) -> None:
    with running(racing, database, derived__mode="refresh") as daemon:  # each 900 s
        daemon.wait_for("views_refreshed", 3)
        wait_until(lambda: daemon.value("derived_waiting_timestamp_seconds") == 0, 20)
        seen, written = len(daemon.events("views_refreshed")), time.time()
        correct(racing)
        daemon.wait_for("run_finished", 2)
        assert len(daemon.events("views_refreshed")) == seen
        assert daemon.value("derived_waiting_timestamp_seconds") > written


@pytest.mark.failure(line=24)
def test_a_view_that_fails_is_said_and_the_ingest_goes_on(
    racing: Path, database: str, other: psycopg.Connection[tuple[Any, ...]]
) -> None:
    other.execute(
        "CREATE MATERIALIZED VIEW racing.broken AS SELECT count(*) / 0 FROM racing.races"
        " WITH NO DATA"
    )
    with running(racing, database, **VIEWS) as daemon:
        failed = daemon.wait_for("views_failed")[0]
        assert failed["view"] == "racing.broken"
        assert "division by zero" in failed["reason"]
        assert daemon.value("derived_waiting_timestamp_seconds") > 0
        daemon.wait_for("views_refreshed", 3)
        correct(racing)
        daemon.wait_for("run_finished", 2)
        assert not daemon.parts.failed.is_set()


def test_a_stop_ends_a_refresh_that_takes_long(
    racing: Path, database: str, other: psycopg.Connection[tuple[Any, ...]]
) -> None:
    other.execute(
        "CREATE MATERIALIZED VIEW racing.slow AS"
        " SELECT pg_sleep(60)::text, count(*) FROM racing.races WITH NO DATA"
    )
    sleeping = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event = 'PgSleep'"
    )
    with running(racing, database, **VIEWS) as daemon:
        wait_until(lambda: other.execute(sleeping).fetchone() == (1,), 20)
        started = time.monotonic()
        daemon.parts.refresher.stop()
        assert time.monotonic() - started < 10
        assert other.execute(sleeping).fetchone() == (0,)


def test_off_means_off(racing: Path, database: str) -> None:
    with running(racing, database, derived__mode="off") as daemon:
        daemon.wait_for("run_finished")
        correct(racing)
        daemon.wait_for("run_finished", 2)
        assert not daemon.events("views_refreshed")
