"""Runs asked for over HTTP while the daemon, its clients or its database are at something else."""

import datetime as dt
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.tree import build, months, segments
from giddyup_watch.store import runs
from giddyup_watch.store.connection import Connection
from tests.daemon.running import Answer, running
from tests.daemon.test_orders import in_the_way, waits_for_the_stone
from tests.http.asking import ADMIN, BEARER, TOKEN, ask
from tests.http.conftest import Admin
from tests.wait import wait_until

pytestmark = pytest.mark.long

ALL = {"regions": ["gb", "ire"], "codes": ["flat", "jumps"]}
TODAY = ALL | {"dates": ["today"]}
FORCED = ALL | {"range": {"from": "2024-06-01", "to": "2024-06-30"}, "force": True}
#: The call at 23:00.
CRON_SECONDS = 10
#: For a year, on a machine with other work to do.
LOADED_SECONDS = 180


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A master tree of many segments, each quickly loaded."""
    master = tmp_path_factory.mktemp("year") / "racing"
    build(master, World(seed=9, volume=0.02), segments(months("2023-01", "2023-12")))
    return master


@contextmanager
def at_work(master: Path, url: str, **others: Any) -> Iterator[Admin]:
    """A daemon that may still be loading."""
    with running(master, url, http__token=TOKEN, **others) as daemon:
        yield Admin(daemon, Path())


def post_and_reset(url: str, body: Any, sent: Callable[[], object]) -> None:
    """Ask for a run, and after `sent` be gone as a client that was killed is."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    content = json.dumps(body).encode()
    head = (
        f"POST {ADMIN}/ingest/run HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with closing(socket.create_connection((host, int(port)), timeout=10)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(head.encode() + content)
        sent()


def latest(admin: Admin) -> Any:
    return admin.get("ingest/status").document


def none_is_running(conn: Connection) -> bool:
    return all(run.status != "running" for run in runs.recent(conn, 50))


def accepted(admin: Admin, body: Any) -> Any:
    """The run of an order that finds nobody in its way."""

    def placed() -> Any:
        answer = admin.post("ingest/run", body)
        assert answer.status in (202, 409), answer.body
        return answer.document if answer.status == 202 else None

    return wait_until(placed, 30)


def test_a_client_that_is_gone_has_its_run(admin: Admin, database: str, conn: Connection) -> None:
    before = latest(admin)["run_id"]
    with in_the_way(database):
        conn.execute("TRUNCATE racing.ledger_segments, racing.ledger_races")
        post_and_reset(
            admin.tcp, FORCED, lambda: wait_until(lambda: latest(admin)["run_id"] > before)
        )
    run = latest(admin)
    assert run["scope"]["trigger"] == "api"
    assert admin.ended(run["run_id"])["status"] == "success"
    assert admin.ended(accepted(admin, TODAY)["run_id"])["status"] == "success"


def test_clients_that_are_gone_at_once_leave_nothing_behind(admin: Admin, conn: Connection) -> None:
    for _ in range(5):
        post_and_reset(admin.tcp, TODAY, lambda: None)
    assert admin.ended(accepted(admin, TODAY)["run_id"])["status"] == "success"
    wait_until(lambda: none_is_running(conn))


def test_of_two_at_the_same_moment_one_is_taken(
    admin: Admin, database: str, conn: Connection
) -> None:
    for _ in range(3):
        together = threading.Barrier(2)

        def placed(together: threading.Barrier = together) -> Answer:
            together.wait(10)
            return admin.post("ingest/run", FORCED)

        conn.execute("DELETE FROM racing.races")
        with in_the_way(database), ThreadPoolExecutor(2) as pool:
            answers = [one.result(20) for one in [pool.submit(placed) for _ in range(2)]]
        taken, refused = sorted(answers)
        assert (taken.status, refused.status) == (202, 409)
        assert refused.document["type"] == "busy"
        assert "asked for over the API" in refused.document["holder"]
        admin.ended(taken.document["run_id"])


def test_a_run_that_its_row_says_is_over_is_in_nobodys_way(admin: Admin, conn: Connection) -> None:
    for _ in range(10):
        answer = admin.post("ingest/run", TODAY)
        assert answer.status == 202, answer.body
        deadline = time.monotonic() + 10
        while not none_is_running(conn):  # at once when it is so
            assert time.monotonic() < deadline


def test_not_while_the_tree_is_away(admin: Admin, racing: Path, conn: Connection) -> None:
    """Neither when it is not there, nor when all that is there is an empty mount point."""
    before = latest(admin)["run_id"]
    away = racing.rename(racing.with_name("away"))
    for there in (False, True):
        if there:
            racing.mkdir()
            wait_until(lambda: "no segment" in admin.daemon.problem("tree"))
        refused = admin.post("ingest/run", FORCED)
        assert (refused.status, refused.document["type"]) == (503, "tree"), there
        assert refused.document["hint"]
        assert int(refused.headers["retry-after"]) > 0
    assert runs.recent(conn, 1)[0].run_id == before
    racing.rmdir()
    away.rename(racing)
    wait_until(lambda: not admin.daemon.problem("tree"))
    assert admin.ended(accepted(admin, FORCED)["run_id"])["status"] == "success"


def test_a_standby_names_the_active_daemon(admin: Admin, racing: Path, database: str) -> None:
    with at_work(racing, database) as second:
        second.daemon.wait_for("daemon_standby")
        refused = second.post("ingest/run", TODAY)
        assert (refused.status, refused.document["type"]) == (503, "standby")
        assert "stands by for" in refused.document["detail"]


def test_who_waits_while_the_daemon_stops_is_told(
    racing: Path, database: str, conn: Connection
) -> None:
    with (
        in_the_way(database) as stone,
        at_work(racing, database) as admin,
        ThreadPoolExecutor(1) as pool,
    ):
        wait_until(lambda: waits_for_the_stone(conn))
        asked = pool.submit(admin.post, "ingest/run", TODAY)
        wait_until(lambda: admin.daemon.parts.orders.waiting)
        admin.daemon.parts.worker.ask()
        stone.rollback()
        refused = asked.result(20)
        assert (refused.status, refused.document["type"]) == (503, "stopping")
        wait_until(lambda: not admin.daemon.parts.worker.alive, 30)
        assert admin.post("ingest/run", TODAY).document["type"] == "stopping"
    assert none_is_running(conn)
    assert {run.scope["trigger"] for run in runs.recent(conn, 50)} == {"startup"}


def test_the_nightly_call_while_a_backlog_is_loaded(
    year: Path, database: str, conn: Connection
) -> None:
    with at_work(year, database) as admin:
        admin.daemon.wait_for("segment_ingested")
        began = time.monotonic()
        answer = admin.post("ingest/run", TODAY)
        assert time.monotonic() - began < CRON_SECONDS
        assert answer.status == 202
        there = len(admin.daemon.events("segment_ingested"))
        run = admin.ended(answer.document["run_id"])
        assert (run["status"], run["scope"]["trigger"]) == ("success", "api")
        on_disk = len(list(year.rglob("manifest.json")))
        assert there < on_disk, "the backlog was at its end already"
        wait_until(
            lambda: len(admin.get("segments").document["segments"]) == on_disk, LOADED_SECONDS
        )
    found = [run.scope["trigger"] for run in reversed(runs.recent(conn, 50))]
    assert found[:3] == ["startup", "api", "startup"]


def quickly(admin: Admin, path: str) -> Any:
    began = time.monotonic()
    answer = admin.post(path)
    assert answer.status == 200
    assert time.monotonic() - began < 1
    return answer.document


def test_cancel_pause_and_resume_of_a_long_backfill(
    year: Path, database: str, conn: Connection
) -> None:
    on_disk = len(list(year.rglob("manifest.json")))

    def backfilling(admin: Admin) -> int:
        """Begin one, and wait until it has loaded something."""
        answer = admin.post("ingest/backfill", ALL)
        assert answer.status == 202, answer.body
        run_id = int(answer.document["run_id"])
        wait_until(lambda: admin.get(f"ingest/runs/{run_id}").document["progress"]["segments_done"])
        return run_id

    def in_state(admin: Admin, state: str) -> int:
        return len(admin.get(f"segments?state={state}").document["segments"])

    with at_work(year, database) as admin:
        admin.daemon.wait_for("segment_ingested")
        run_id = backfilling(admin)
        assert quickly(admin, "ingest/cancel") == {"run_id": run_id}
        assert admin.ended(run_id)["status"] == "canceled"
        parked = in_state(admin, "parked")
        assert parked
        assert quickly(admin, "ingest/resume")["parked"] == parked
        run_id = backfilling(admin)
        assert in_state(admin, "loaded") < on_disk
        assert quickly(admin, "ingest/pause")["paused"]
        run = admin.ended(run_id)
        assert run["status"] == "canceled"
        assert run["error_msg"].startswith("loading was paused, ")
        quickly(admin, "ingest/resume")
        wait_until(lambda: in_state(admin, "loaded") == on_disk, LOADED_SECONDS)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_today_where_it_is_another_day(racing: Path, database: str, zone: str) -> None:
    """At any moment the two are at different days, so at least one is not at UTC's."""

    def there() -> str:
        return str(dt.datetime.now(ZoneInfo(zone)).date())

    with at_work(racing, database, master__timezone=zone) as admin:
        admin.daemon.wait_for("run_finished")
        earliest = there()
        run = accepted(admin, TODAY)
        assert run["scope"]["dates"] in ([earliest], [there()])
        admin.ended(run["run_id"])


def test_months_in_the_wrong_order(admin: Admin) -> None:
    wrong = ALL | {"from_month": "2024-07", "to_month": "2024-06"}
    refused = admin.post("ingest/backfill", wrong)
    assert refused.status == 422
    assert "from_month 2024-07 is after to_month 2024-06" in refused.document["detail"]


@pytest.mark.parametrize("number", ["43%0C", "%2043", "4_3", "43.0", "%2B43"])
def test_a_number_is_its_digits(admin: Admin, number: str) -> None:
    for path in (f"ingest/runs?limit={number}", f"ingest/runs/{number}", f"coverage?year={number}"):
        assert ask(admin.tcp, "GET", path, headers=BEARER).status == 422


def test_a_request_that_the_end_cuts_off_is_no_bug(
    admin: Admin, database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("giddyup_watch.http.listening.server.GRACE_SECONDS", 0.1)

    def asked() -> None:
        with suppress(OSError):
            admin.get("ingest/status")

    with closing(psycopg.connect(database)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("LOCK TABLE racing.etl_runs")
        cut_off = pool.submit(asked)
        waiting = (
            "SELECT FROM pg_locks WHERE NOT granted AND relation = 'racing.etl_runs'::regclass"
        )
        wait_until(lambda: other.execute(waiting).fetchone() is not None)
        admin.daemon.parts.web.ask()
        cut_off.result(20)
        other.rollback()
        wait_until(lambda: not admin.daemon.parts.web.alive)
    assert [record.message for record in caplog.records if record.name == "uvicorn.error"] == []
