"""The endpoints, on a daemon at work."""

import datetime as dt
import json
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from giddyup_watch import settings
from giddyup_watch.errors import ConfigError
from giddyup_watch.store import control, runs
from giddyup_watch.store.connection import Connection
from tests.conftest import LOCK_ID
from tests.daemon.running import given, running
from tests.http.asking import ADMIN, BEARER, TOKEN, ask
from tests.http.conftest import Admin
from tests.server import Server
from tests.wait import wait_until

JUNE = {"from": "2024-06-01", "to": "2024-06-30"}
ALL = {"regions": ["gb", "ire"], "codes": ["flat", "jumps"]}


def test_a_run_over_the_api(admin: Admin) -> None:
    answer = admin.post("ingest/run", ALL | {"range": JUNE, "force": True})
    assert answer.status == 202
    accepted = answer.document
    assert accepted.keys() == {"run_id", "status", "started_at", "scope"}
    assert accepted["status"] == "running"
    assert accepted["started_at"].endswith("Z")
    assert accepted["scope"]["regions"] == ["gb", "ire"]
    assert accepted["scope"]["trigger"] == "api"
    run = admin.ended(accepted["run_id"])
    assert (run["status"], run["error_msg"]) == ("success", None)
    progress = run["progress"]
    assert progress["segments_done"] == progress["segments_total"] == 4
    assert progress["ended"]
    assert progress["segments"][0]["segment"] == "gb/flat/2024-06"
    latest = admin.get("ingest/status").document
    assert latest == {name: value for name, value in run.items() if name != "progress"}
    assert set(latest) == {
        "run_id", "status", "started_at", "finished_at", "duration_ms", "scope", "stats",
        "error_msg",
    }  # fmt: skip
    assert latest["stats"]["races_unchanged"] > 0


def test_today_is_the_day_in_the_zone_of_the_tree(admin: Admin) -> None:
    asked = ALL | {"dates": ["today", "yesterday", "2024-06-01"]}
    accepted = admin.post("ingest/run", asked).document
    today = admin.daemon.parts.settings.master.zone
    day = dt.datetime.now(today).date()
    dates = ["2024-06-01", str(day - dt.timedelta(days=1)), str(day)]
    assert accepted["scope"]["dates"] == dates
    assert admin.ended(accepted["run_id"])["status"] == "success"


def test_a_range_may_span_years(admin: Admin) -> None:
    span = {"from": "2007-01-01", "to": "2025-12-31"}
    accepted = admin.post("ingest/run", ALL | {"range": span}).document
    assert (accepted["scope"]["from"], accepted["scope"]["to"]) == ("2007-01-01", "2025-12-31")


def test_backfill(admin: Admin) -> None:
    answer = admin.post("ingest/backfill", ALL | {"from_month": "2024-06"})
    assert answer.status == 202
    assert admin.ended(answer.document["run_id"])["progress"]["segments_total"] == 4
    nothing = admin.post("ingest/backfill", ALL | {"from_month": "2024-07"}).document
    assert admin.ended(nothing["run_id"])["progress"]["segments_total"] == 0


def test_who_holds_the_lock_is_named(admin: Admin, database: str) -> None:
    with closing(psycopg.connect(database)) as foreign:
        foreign.execute("SET application_name = 'the old loader'")
        foreign.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
        answer = admin.post("ingest/run", ALL | {"dates": ["today"]})
        assert (answer.status, answer.document["type"]) == (409, "busy")
        assert "the old loader" in answer.document["holder"]


def test_cancel_pause_and_resume(admin: Admin, conn: Connection) -> None:
    assert admin.post("ingest/cancel").document == {"run_id": None}
    paused = admin.post("ingest/pause", {"seconds": 3600}).document
    until = dt.datetime.fromisoformat(paused["paused_until"])
    assert dt.timedelta(minutes=59) < until - dt.datetime.now(dt.UTC) <= dt.timedelta(hours=1)
    assert control.read(conn).paused
    refused = admin.post("ingest/run", ALL | {"dates": ["today"]})
    assert (refused.status, refused.document["type"]) == (409, "paused")
    wait_until(lambda: admin.daemon.value("paused") == 1)
    resumed = admin.post("ingest/resume").document
    assert resumed == {"paused": False, "paused_until": None, "parked": 0}
    assert admin.post("ingest/pause").document["paused_until"] is None
    run_id = runs.start(conn, dt.datetime.now(dt.UTC), {})
    assert admin.post("ingest/cancel").document == {"run_id": run_id}


def test_runs_page_by_page(admin: Admin) -> None:
    for _ in range(2):
        admin.ended(admin.post("ingest/run", ALL | {"dates": ["today"]}).document["run_id"])
    newest = admin.get("ingest/runs?limit=2").document["runs"]
    older = admin.get(f"ingest/runs?before={newest[-1]['run_id']}").document["runs"]
    ids = [run["run_id"] for run in (*newest, *older)]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    assert admin.get(f"ingest/runs/{ids[-1]}").document["progress"] is None
    assert admin.get(f"ingest/status?run_id={ids[-1]}").document["run_id"] == ids[-1]
    for path in ("ingest/runs/999", "ingest/status?run_id=999"):
        assert admin.get(path).status == 404


def test_segments(admin: Admin) -> None:
    found = admin.get("segments").document["segments"]
    assert [(one["region"], one["code"], one["month"]) for one in found] == [
        (region, code, "2024-06") for region in ("gb", "ire") for code in ("flat", "jumps")
    ]
    assert {one["state"] for one in found} == {"loaded"}
    assert len(admin.get("segments?region=gb&code=flat").document["segments"]) == 1
    assert admin.get("segments?state=held").document["segments"] == []
    assert len(admin.get("segments?limit=3").document["segments"]) == 3


def test_rescan_looks_at_once(admin: Admin, conn: Connection) -> None:
    before = admin.daemon.value("rescans_total", reason="interval")
    conn.execute("DELETE FROM racing.ledger_segments WHERE region = 'gb' AND code = 'flat'")
    assert admin.post("rescan").status == 202
    wait_until(lambda: len(admin.get("segments").document["segments"]) == 4)
    wait_until(lambda: admin.daemon.value("rescans_total", reason="interval") > before)


def test_reload(racing: Path, database: str, socket_path: Path) -> None:
    chosen = [given(racing, database, watch__quiet_ms=70, master__regions=("gb",))]

    def load() -> settings.Settings:
        if not chosen:
            raise ConfigError("1 mistake in the settings", hint="mend it")
        return chosen.pop()

    with running(racing, database, socket=socket_path, load=load) as daemon:
        url = f"unix:{socket_path}"
        answer = ask(url, "POST", "reload")
        assert answer.status == 200
        assert answer.document == {
            "applied": ["watch.quiet_ms"],
            "restart_needed": ["master.regions"],
        }
        refused = ask(url, "POST", "reload")
        assert (refused.status, refused.document["detail"]) == (422, "1 mistake in the settings")
        assert daemon.value("config_last_reload_successful") == 0


def test_only_for_the_daemon_that_is_meant(admin: Admin) -> None:
    own = {"X-Giddyup-Watch-For": settings.identity(admin.daemon.parts.settings)}
    other = {"X-Giddyup-Watch-For": "0123456789abcdef"}
    body = ALL | {"dates": ["today"]}
    answer = ask(admin.socket, "POST", "ingest/run", body, own)
    assert answer.document["scope"]["trigger"] == "cli"
    assert ask(admin.socket, "POST", "ingest/run", body, other).status == 421


@pytest.mark.long
def test_without_a_database_it_is_503(racing: Path, own_postgres: Server) -> None:
    with own_postgres.database() as url, running(racing, url, http__token=TOKEN) as daemon:
        daemon.wait_for("run_finished")
        base = daemon.parts.web.urls[0]
        assert ask(base, "GET", "ingest/status").status == 200
        own_postgres.stop("immediate")
        daemon.wait_for("database_lost")
        for method, path, body in (
            ("GET", "ingest/status", None),
            ("GET", "ingest/runs", None),
            ("GET", "ingest/runs/1", None),
            ("GET", "segments", None),
            ("GET", "gaps", None),
            ("GET", "gaps/open", None),
            ("POST", "gaps/1/ack", {"note": "known"}),
            ("GET", "coverage", None),
            ("GET", "why/gb/flat/2024-06-01", None),
            ("POST", "ingest/run", ALL | {"dates": ["today"]}),
            ("POST", "ingest/backfill", ALL),
            ("POST", "ingest/cancel", None),
            ("POST", "ingest/pause", {}),
            ("POST", "ingest/resume", None),
        ):
            answer = ask(base, method, path, body, BEARER)
            assert (path, answer.status) == (path, 503)
            assert answer.document["type"] == "database"
            assert int(answer.headers["retry-after"]) > 0
        own_postgres.start()
        daemon.wait_for("database_back", timeout=60)
        assert ask(base, "GET", "ingest/status").status == 200


def test_a_database_without_tables_is_503(racing: Path, empty_database: str) -> None:
    with running(racing, empty_database, http__token=TOKEN) as daemon:
        base = daemon.parts.web.urls[0]
        with closing(psycopg.connect(empty_database, autocommit=True)) as conn:
            daemon.wait_for("run_finished")
            conn.execute("DROP SCHEMA racing CASCADE")
        answer = ask(base, "GET", "ingest/status")
        assert (answer.status, answer.document["type"]) == (503, "not-ready")


def test_requests_are_counted_by_the_form_of_their_path(admin: Admin) -> None:
    admin.get("ingest/runs/1")
    admin.get("ingest/runs/2/3")
    counted = {"method": "GET", "code": "200", "handler": f"{ADMIN}/ingest/runs/{{run_id}}"}
    wait_until(lambda: admin.daemon.value("http_requests_total", **counted) == 1)
    other = {"method": "GET", "code": "404", "handler": "other"}
    wait_until(lambda: admin.daemon.value("http_requests_total", **other) == 1)


def test_reads_are_quick(admin: Admin) -> None:
    took = []
    for _ in range(40):
        started = time.monotonic()
        assert admin.get("ingest/status").status == 200
        took.append(time.monotonic() - started)
    assert min(took) < 0.05  # 5 ms here; the median of a busy machine says nothing


DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_document_is_committed(admin: Admin) -> None:
    served = admin.get("/openapi.json").document
    assert served == json.loads(DOCUMENT.read_text()), "make openapi writes it anew"


@pytest.mark.parametrize("form", ["RunRequest", "BackfillRequest", "PauseRequest"])
def test_examples_of_the_document_are_taken(admin: Admin, form: str) -> None:
    document = json.loads(DOCUMENT.read_text())
    (path,) = (
        path
        for path, item in document["paths"].items()
        if f"/{form}" in json.dumps(item.get("post", {}).get("requestBody", ""))
    )
    for body in document["components"]["schemas"][form]["examples"]:
        answer = ask(admin.tcp, "POST", path, body, BEARER)
        assert answer.status in (200, 202)
        if "run_id" in answer.document:
            admin.ended(answer.document["run_id"])
