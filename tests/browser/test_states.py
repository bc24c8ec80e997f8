"""Each state that a person may find the page in, looked at on a desktop and a phone."""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.tree import build, months, segments
from giddyup_watch.store import connection, control, ledger
from giddyup_watch.store.connection import Connection
from tests.browser import looking
from tests.browser.chromium import Tab
from tests.browser.conftest import Loaded
from tests.daemon.running import Running, running
from tests.server import Server
from tests.wait import wait_until

pytestmark = pytest.mark.browser

HOSTILE = "<script>alert('it's \"&\" off')</script>"
#: Read from the right; and one word that no line is long enough for.
RTL, LONG_WORD = "\u202e\u05e1\u05d5\u05e1", "Llanfairpwllgwyngyll" * 12
NASTY = f"{HOSTILE} {RTL} {LONG_WORD}"


@pytest.fixture
def url(loaded: Loaded, postgres: Server) -> Iterator[str]:
    with postgres.database(loaded.template) as made:
        yield made


@contextmanager
def session(url: str) -> Iterator[Connection]:
    with closing(connection.connect(url, application_name="giddyup-watch test")) as opened:
        yield opened


def base(daemon: Running) -> str:
    return daemon.parts.web.urls[0]


def has_calendar(tab: Tab) -> bool:
    return bool(tab.run("document.querySelectorAll('.calendar a.loaded').length > 50"))


def gap(
    conn: Connection, check: str, severity: str, day: dt.date, finding: str, note: str | None = None
) -> None:
    """Of a family that no check answers for, so that none finds it repaired."""
    conn.execute(
        "INSERT INTO racing.data_gaps (check_name, family, key, severity, region, code, d,"
        " finding, item, acked_at, note) VALUES (%(check)s, 'shown', %(key)s, %(severity)s, 'gb',"
        " 'flat', %(day)s, %(finding)s, '{}', CASE WHEN %(note)s::text IS NOT NULL THEN now() END,"
        " %(note)s)",
        {"check": check, "key": f"{check}/{day}", "severity": severity, "day": day,
         "finding": finding, "note": note},
    )  # fmt: skip


def test_all_is_well(loaded: Loaded, url: str, tab: Tab) -> None:
    with running(loaded.master, url) as daemon:
        tab.open(base(daemon))
        looking.wait_for_verdict(tab, "All is well")
        wait_until(lambda: has_calendar(tab))
        looking.look_at(tab, "well", whole=True)
        assert tab.run("document.title") == "✓ All is well · giddyup-watch"
        allowed = {"/", "/live"}
        asked = {one.removeprefix(base(daemon)).split("?")[0] for one in tab.asked}
        assert {one for one in asked if not one.startswith("data:")} <= allowed
        day = tab.run("document.querySelector('a.day.loaded').getAttribute('href')")
        tab.open(base(daemon) + day)
        looking.look_at(tab, "why")


def test_gaps_are_open(loaded: Loaded, url: str, tab: Tab) -> None:
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=9)
    with session(url) as conn:
        for age in range(7):
            lost = day - dt.timedelta(days=age)
            gap(conn, "not_loaded", "critical", lost, f"gb/flat/{lost}: {age + 3} races on disk")
        gap(conn, "missing_prices", "warning", day, "41 of 88 runners have no starting price")
        gap(conn, "rejected_rows", "warning", day, "two lines", note="the scraper's, known")
        conn.execute(
            "UPDATE racing.ledger_days SET state = 'held', reason = 'shrink'"
            " WHERE (region, code, d) IN (SELECT region, code, d FROM racing.ledger_days"
            "  WHERE region = 'gb' AND code = 'flat' ORDER BY d DESC LIMIT 1)"
        )
    with running(loaded.master, url) as daemon:
        tab.open(base(daemon))
        looking.wait_for_verdict(tab, "8 critical gaps, 1 warning")
        wait_until(lambda: has_calendar(tab))
        looking.look_at(tab, "gaps", whole=True)
        assert tab.run("document.title").startswith("✕ 8 critical gaps")
        assert "Acknowledged: the scraper's" in looking.text(tab, "#gaps-acked")
        command = looking.text(tab, "#gaps .group li .command code")
        assert command.startswith("giddyup-watch why gb/flat/")


def test_warnings_alone_are_no_alarm(loaded: Loaded, url: str, tab: Tab) -> None:
    with session(url) as conn:
        gap(conn, "missing_prices", "warning", dt.date(2024, 1, 2), "41 of 88 runners")
    with running(loaded.master, url) as daemon:
        tab.open(base(daemon))
        looking.wait_for_verdict(tab, "1 warning")
        looking.look_at(tab, "warning")


def test_hostile_strings_are_text_and_break_nothing(loaded: Loaded, url: str, tab: Tab) -> None:
    with session(url) as conn:
        gap(conn, "rejected_rows", "critical", dt.date(2024, 1, 2), NASTY)
        gap(conn, "rejected_rows", "warning", dt.date(2024, 1, 3), "known", note=NASTY)
        conn.execute(
            "INSERT INTO racing.etl_runs (status, scope, error_msg, finished_at, duration_ms)"
            " VALUES ('failed', %s, %s, now(), 1)",
            (json.dumps({"segments": [NASTY], "trigger": NASTY}), NASTY),
        )
        conn.execute("UPDATE racing.ledger_days SET state = 'held', reason = %s", [NASTY])
    with running(loaded.master, url) as daemon:
        tab.open(base(daemon))
        wait_until(lambda: HOSTILE in looking.text(tab, "#gaps"), looking.LONG)
        tab.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        looking.look_at(tab, "hostile")
        assert HOSTILE in looking.text(tab, "#runs")
        assert HOSTILE in looking.text(tab, ".told")
        assert tab.run("document.scripts.length") == 1
        day = tab.run("document.querySelector('a.held').getAttribute('href')")
        tab.open(base(daemon) + day)
        assert HOSTILE in looking.text(tab, "main")
        looking.look_at(tab, "hostile-why")


def test_loading_much(loaded: Loaded, database: str, tab: Tab) -> None:
    """Somebody keeps the staging tables busy, so that the first of many segments takes its time."""
    with session(database) as conn, conn.transaction():
        conn.execute("LOCK TABLE staging.races")
        with running(loaded.master, database, database__lock_timeout_ms=60_000) as daemon:
            tab.open(base(daemon))
            looking.wait_for_verdict(tab, "Loading")
            assert "segments to go" in looking.text(tab, ".matters")
            looking.look_at(tab, "loading")
            conn.execute("ROLLBACK")
            looking.wait_for_verdict(tab, "All is well")


def test_the_database_is_stopped_and_started(
    loaded: Loaded, own_postgres: Server, tab: Tab
) -> None:
    """An open page says it, keeps what was known, and recovers by itself."""
    small = loaded.master.parent / "one"
    shutil.copytree(loaded.master / "gb" / "flat", small / "gb" / "flat", dirs_exist_ok=True)
    with own_postgres.database() as url, running(small, url) as daemon:
        tab.open(base(daemon))
        wait_until(lambda: "loaded, the newest" in looking.text(tab, ".summary"), looking.LONG)
        looking.wait_for_verdict(tab, "All is well")
        own_postgres.stop("immediate")
        looking.wait_for_verdict(tab, "The database is away")
        assert "what the database said last" in looking.text(tab, ".stale")
        looking.look_at(tab, "database-away")
        own_postgres.start()
        looking.wait_for_verdict(tab, "All is well")


def test_the_tree_is_away(loaded: Loaded, url: str, tab: Tab, tmp_path: Path) -> None:
    with running(tmp_path / "unmounted", url) as daemon:
        tab.open(base(daemon))
        looking.wait_for_verdict(tab, "The master tree is away")
        wait_until(lambda: has_calendar(tab))
        assert "no tree to compare with" in looking.text(tab, "#coverage-head")
        looking.look_at(tab, "tree-away")


def test_paused(loaded: Loaded, url: str, tab: Tab) -> None:
    with session(url) as conn:
        control.pause(conn, dt.datetime.now(dt.UTC) + dt.timedelta(hours=2))
    with running(loaded.master, url) as daemon:
        tab.open(base(daemon))
        looking.wait_for_verdict(tab, "Loading is paused")
        wait_until(lambda: "paused until in 2 h" in looking.text(tab, ".lamps"), looking.LONG)
        assert looking.text(tab, ".matters code") == "giddyup-watch resume"
        looking.look_at(tab, "paused")


def test_standing_by(loaded: Loaded, url: str, tab: Tab) -> None:
    with running(loaded.master, url) as active:
        wait_until(lambda: active.value("active") == 1, looking.LONG)
        with running(loaded.master, url) as daemon:
            daemon.wait_for("daemon_standby", timeout=looking.LONG)
            tab.open(base(daemon))
            looking.wait_for_verdict(tab, "Standing by")
            looking.look_at(tab, "standby")


def test_an_adoption_is_due(loaded: Loaded, url: str, tab: Tab) -> None:
    with session(url) as conn:
        ledger.owe_adoption(conn, due=True)
    with running(loaded.master, url) as daemon:
        tab.open(base(daemon))
        looking.wait_for_verdict(tab, "A backfill is needed")
        assert looking.text(tab, ".matters code") == "giddyup-watch backfill"
        looking.look_at(tab, "adoption")


def test_the_first_start_with_nothing_there(database: str, tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "master").mkdir()
    with running(tmp_path / "master", database) as daemon:
        tab.open(base(daemon))
        wait_until(lambda: "here is no segment" in looking.text(tab, ".matters"), looking.LONG)
        looking.look_at(tab, "empty")


def test_twenty_years(database: str, tab: Tab, tmp_path: Path) -> None:
    """Of each year some months, with few races in each: the page is as large as ever."""
    some = [month for month in months("2005-01", "2024-12") if int(month[5:]) % 3 == 0]
    keys = segments(some, regions=["gb"], codes=["flat"])
    build(tmp_path / "master", World(seed=3, volume=0.04), keys)
    with running(tmp_path / "master", database, master__regions=("gb",)) as daemon:
        daemon.wait_for("run_finished", timeout=120)
        tab.open(f"{base(daemon)}/?year=2012")
        wait_until(lambda: tab.run("document.querySelectorAll('a.day.loaded').length"))
        looking.look_at(tab, "twenty-years", whole=True)
        assert tab.run("document.querySelectorAll('*').length") < 2500
