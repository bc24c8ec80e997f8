"""The status page, as it is read without any script."""

import base64
import datetime as dt
import hashlib
import json
import re
import shutil
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from giddyup_watch.cli.asking.coverage import MARKS
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.demo.tree import build, segments
from giddyup_watch.http.page.parts import calendar
from giddyup_watch.store import control
from giddyup_watch.store.connection import Connection
from tests.daemon.running import Answer, running
from tests.http.asking import BEARER, TOKEN, ask
from tests.http.conftest import Admin
from tests.http.reading import Element, read
from tests.server import Server
from tests.wait import wait_until

HOSTILE = "<script>alert('it's \"&\" off')</script>"


def page(admin: Admin, path: str = "/?year=2024", status: int = 200) -> Element:
    answer = admin.get(path)
    assert answer.status == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return read(answer.body)


def drawn(admin: Admin) -> Element:
    """The page with its year: a busy machine may still be reading it when the page is asked for."""

    def found() -> Element | None:
        it = page(admin)
        return it if it.all("table", "year") else None

    it = wait_until(found, 60)
    assert it is not None
    return it


def lamps(found: Element) -> dict[str, str]:
    return {
        one.one("dt").text: one.one("dd").text
        for one in found.one("dl", "lamps").children
        if isinstance(one, Element)
    }


def gap(conn: Connection, finding: str, severity: str = "warning", note: str | None = None) -> None:
    conn.execute(
        "INSERT INTO racing.data_gaps (check_name, family, key, severity, region, code, d,"
        " finding, item, acked_at, note)"
        " VALUES ('rejected_rows', 'test', %s, %s, 'gb', 'flat', '2024-06-03', %s, '{}',"
        "  CASE WHEN %s::text IS NOT NULL THEN now() END, %s)",
        (finding, severity, finding, note, note),
    )


def headline(admin: Admin) -> str:
    return page(admin).one(id_="verdict").text


def test_all_is_well(admin: Admin) -> None:
    wait_until(lambda: headline(admin) == "✓ All is well")
    found = drawn(admin)
    assert found.one("title").text == "✓ All is well · giddyup-watch"
    assert found.all("ul", "matters") == []
    assert lamps(found) == {
        "Tree": "✓ is there",
        "Database": "✓ segments: 4 loaded",
        "Daemon": "✓ active",
        "Loading": "✓ idle",
        "Queue": "✓ empty",
        "Ingest lock": "✓ free",
        "Watcher": "✓ inotify",
    }
    assert [one.text for one in found.all("h2")] == [
        "✓ All is well", "Freshness", "Open gaps", "Last runs", "Coverage 2024",
        "Why is a day as it is?",
    ]  # fmt: skip
    assert found.one("code", "master").text == str(admin.daemon.parts.settings.master.tree)
    assert found.one("p", "summary").text.startswith("4 days loaded, the newest 12 Jun 2024")
    assert "Nothing is missing." in found.one(id_="gaps").text


def test_runs_have_bars(admin: Admin) -> None:
    run = admin.get("ingest/status").document
    rows = run["stats"]["races_inserted"] + run["stats"]["runners_inserted"]
    (shown,) = (one for one in page(admin).one("ol", "runs").children if isinstance(one, Element))
    assert f"{rows:,} inserted 0 updated 0 unchanged 0 rejected" in shown.text
    assert "success" in shown.text
    (bar,) = shown.all("rect")
    assert (bar.attributes["class"], bar.attributes["width"]) == ("inserted", "100.00")


def test_freshness(admin: Admin) -> None:
    tiles = page(admin).one("ul", "fresh").all("li")
    assert [one.one("h3").text for one in tiles] == ["gb/flat", "gb/jumps", "ire/flat", "ire/jumps"]
    newest = tiles[0].one("span", "newest")
    assert re.fullmatch(r"\d+ Jun 2024 [\d,]+ days ago", newest.text)
    assert page(admin, str(newest.one("a").attributes["href"])).one("p", "because").text


def test_gaps_with_their_hints(admin: Admin, conn: Connection) -> None:
    gap(conn, "two lines", "warning")
    gap(conn, "ten lines", "critical")
    gap(conn, "known lines", "critical", note="they are known")
    wait_until(lambda: "ten lines" in page(admin).one(id_="gaps").text)
    found = page(admin)
    assert found.one(id_="verdict").text == "✕ 1 critical gap, 1 warning"
    shown = found.one(id_="gaps")
    groups = shown.all("div", "group")
    assert [one.one("span", "badge").text for one in groups] == ["critical", "warning"]
    assert "ten lines" in groups[0].text
    assert groups[0].one("p", "todo").text.startswith("What to do: racing.ingest_rejects")
    link = groups[0].one("ul").one("a")
    assert (link.text, link.attributes["href"]) == ("gb/flat 3 Jun 2024", "/why/gb/flat/2024-06-03")
    assert "Acknowledged: they are known" in shown.one("details").text
    assert found.one("ul", "fresh").all("li")[0].one("a", "some").text == "2 gaps"


def test_the_command_for_a_gap_is_ready_to_be_copied(admin: Admin, conn: Connection) -> None:
    insert = (
        "INSERT INTO racing.data_gaps (check_name, family, key, severity, region, code, d,"
        " finding, item) VALUES"
        " ('not_loaded', 'not_loaded', 'gb/flat/2024-06-03', 'critical', 'gb', 'flat',"
        "  '2024-06-03', 'gb/flat/2024-06-03: two races', '{}'),"
        " ('count_mismatch', 'count_mismatch', 'gb/jumps/2024-06', 'warning', 'gb', 'jumps', NULL,"
        "  'gb/jumps/2024-06: one too few', '{}')"
        " ON CONFLICT (family, key) WHERE resolved_at IS NULL DO NOTHING"
    )

    def both() -> list[Element] | None:
        conn.execute(insert)  # again, when the monitor's first round has found them repaired
        groups = page(admin).all("div", "group")
        return groups if len(groups) == 2 else None

    first, second = (one.one("ul") for one in wait_until(both, 30) or ())
    for found, command in (
        (first, "giddyup-watch why gb/flat/2024-06-03"),
        (second, "giddyup-watch why gb/jumps/2024-06"),
    ):
        assert found.one("code").text == command
        assert found.one("button", "copy").attributes["data-copy"] == command


def test_every_day_of_the_year_says_what_it_is(admin: Admin) -> None:
    found = drawn(admin)
    tables = found.all("table", "year")
    assert [one.one("caption").one("b").text for one in tables] == [
        "gb/flat", "gb/jumps", "ire/flat", "ire/jumps",
    ]  # fmt: skip
    for table in tables:
        rows = table.one("tbody").all("tr")
        assert len(rows) == 12
        days = [
            cell for row in rows for cell in row.all("td") if cell.attributes.get("class") != "no"
        ]
        assert len(days) == 366
        assert [day for day in days if not re.search(r"\d{4}: \w", day.text)] == []
    first = tables[0].all("a", "loaded")[0]
    assert re.fullmatch(r"\w{3} \d+ Jun 2024: loaded, \d+ races?", first.text)


def test_marks_are_those_of_the_command() -> None:
    assert {state: mark.strip() for state, (mark, _) in MARKS.items()} == calendar.MARKS


def test_a_day_leads_to_its_why(admin: Admin) -> None:
    day = drawn(admin).all("a", "loaded")[0]
    path = str(day.attributes["href"])
    found = page(admin, path)
    (conclusion,) = (one["conclusion"] for one in admin.get(path[1:]).document["answers"])
    assert conclusion in found.one("p", "because").text
    assert {one.text for one in found.all("h2")} >= {"Disk", "Ledger", "Runs", "Rows"}
    links = [str(one.attributes["href"]) for one in found.one("nav").all("a")]
    assert "/?year=2024#year-gb-flat" in links
    for link in links:
        assert page(admin, link.partition("#")[0])
    page(admin, "/why/gb/flat/2024-06")


def test_a_day_can_be_asked_for_by_its_date(admin: Admin) -> None:
    form = page(admin).one("form")
    assert (form.attributes["action"], form.attributes["method"]) == ("/why", "get")
    assert {one.attributes["name"] for one in form.all("select") + form.all("input")} == {
        "folder",
        "on",
    }
    answer = admin.get("/why?folder=gb/flat&on=2024-06-03")
    assert (answer.status, answer.headers["location"]) == (303, "/why/gb/flat/2024-06-03")


def test_what_is_no_day_is_told_on_a_page(admin: Admin) -> None:
    for path in (
        "/why/fr/flat/2024-06-03",
        "/why/gb/flat/never",
        "/why/gb/flat/0001-01-01",
        "/why/gb/flat/9999-12-31",
        "/why",
        "/why?folder=//evil.example&on=x",
        f"/why?folder={quote(HOSTILE)}&on=2024-06-03",
        f"/why/gb/flat/{quote(HOSTILE.replace('/', ''))}",
    ):
        found = page(admin, path, 422)
        assert found.one("h1").text, path
        assert len(found.all("script")) == 1
    for year in ("1899", "x", "99999999"):
        assert admin.get(f"/?year={year}").status == 422


def test_hostile_values_are_shown_as_text(admin: Admin, conn: Connection) -> None:
    gap(conn, HOSTILE, "critical", note=None)
    conn.execute(
        "INSERT INTO racing.etl_runs (status, scope, error_msg, finished_at) VALUES ('failed',"
        " %s, %s, now())",
        (json.dumps({"segments": [HOSTILE], "trigger": HOSTILE}), HOSTILE),
    )
    conn.execute("UPDATE racing.ledger_days SET state = 'held', reason = %s", [HOSTILE])
    conn.execute("SELECT set_config('application_name', %s, false)", [HOSTILE])
    conn.execute("SELECT pg_advisory_lock(123456789)")
    wait_until(lambda: page(admin).one(id_="gaps").text.count(HOSTILE))
    wait_until(lambda: page(admin).all("a", "held"))
    found = page(admin)
    assert HOSTILE in found.one("ol", "runs").text
    assert HOSTILE in found.all("a", "held")[0].text
    assert len(found.all("script")) == 1
    day = str(found.all("a", "held")[0].attributes["href"])
    told = page(admin, day)
    assert HOSTILE in told.one("main").text
    assert len(told.all("script")) == 1


def test_the_browser_may_use_nothing_else(admin: Admin) -> None:
    for path in ("/", "/why/gb/flat/2024-06-03"):
        answer = admin.get(path)
        policy = dict(
            one.strip().split(" ", 1)
            for one in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        found = read(answer.body)
        for name in ("style", "script"):
            (child,) = found.one(name).children
            digest = base64.b64encode(hashlib.sha256(str(child).encode()).digest()).decode()
            assert policy[f"{name}-src"] == f"'sha256-{digest}'"
        every = found.all()
        assert [one.name for one in every if "style" in one.attributes] == []
        handlers = [name for one in every for name in one.attributes if name.startswith("on")]
        assert handlers == []
        far = [
            value
            for one in every
            for name in ("src", "href", "action")
            if (value := one.attributes.get(name)) and re.match(r"\w+:|//", value)
        ]
        assert [one for one in far if not one.startswith("data:image/svg+xml,")] == []


def test_is_a_read_like_any_other(admin: Admin) -> None:
    for path in ("/", "/live", "/why/gb/flat/2024-06-03"):
        assert ask(admin.tcp, "GET", path, headers={"Host": "evil.example"}).status == 401
        assert admin.get(path, **{"X-Forwarded-For": "127.0.0.1"}).status == 401
        assert admin.get(path, **{"Sec-Fetch-Site": "cross-site"}).status == 403
        assert ask(admin.tcp, "GET", path, headers={"Host": "evil.example", **BEARER}).status == 200
        assert ask(admin.socket, "GET", path).status == 200
        assert ask(admin.tcp, "POST", path, {}, BEARER).status == 405
        head = ask(admin.tcp, "HEAD", path)
        assert (head.status, head.body) == (200, "")
    counted = {"method": "GET", "handler": "/", "code": "200"}
    wait_until(lambda: admin.daemon.value("http_requests_total", **counted) >= 1)


def live(admin: Admin, have: str = "") -> Answer:
    return admin.get(f"/live?year=2024&have={have}")


def test_what_has_not_changed_is_not_sent_again(admin: Admin, conn: Connection) -> None:
    wait_until(lambda: headline(admin) == "✓ All is well")

    def known() -> str:
        return str(page(admin).one("main").attributes["data-have"])

    have = wait_until(lambda: "" if live(admin, one := known()).document["parts"] else one)
    assert [one.split(".")[0] for one in have.split(",")] == [
        "health", "gaps", "runs", "freshness", "coverage-head",
        "year-gb-flat", "year-gb-jumps", "year-ire-flat", "year-ire-jumps",
    ]  # fmt: skip
    assert len(live(admin, have).body) < 1000
    control.pause(conn)
    changed = wait_until(lambda: live(admin, have).document["parts"])
    assert changed.keys() == {"health"}
    assert read(changed["health"]["html"]).one("section").attributes["id"] == "health"
    assert "Loading is paused" in changed["health"]["html"]
    assert "giddyup-watch resume" in changed["health"]["html"]


def test_a_day_that_is_added_appears(admin: Admin, racing: Path) -> None:
    shown = drawn(admin).one(id_="year-gb-flat").all("a", "loaded")
    before = {str(one.attributes["href"]) for one in shown}
    folder = racing / "gb" / "flat" / "2024-06"
    other = racing.parent / "later"
    build(other, World(seed=9, volume=0.1), segments(["2024-06"]), today=dt.date(2024, 6, 22))
    for name in ("races", "runners"):
        for path in (other / "gb" / "flat" / "2024-06").glob(f"*{name}*"):
            shutil.copy(path, folder)
    shutil.copy(other / "gb" / "flat" / "2024-06" / "manifest.json", folder)

    def added() -> set[str]:
        parts = live(admin).document["parts"]
        days = read(parts["year-gb-flat"]["html"]).all("a", "loaded")
        return {str(one.attributes["href"]) for one in days} - before

    assert wait_until(added)


def test_without_a_tree(admin: Admin, racing: Path) -> None:
    shutil.rmtree(racing)
    wait_until(lambda: "The master tree is away" in page(admin).one("section", "health").text)
    assert "correct master.path" in page(admin).one("section", "health").text
    wait_until(lambda: "There is no tree to compare with" in page(admin).one(id_="coverage").text)


@pytest.mark.long
def test_without_a_database(racing: Path, own_postgres: Server) -> None:
    with own_postgres.database() as url, running(racing, url, http__token=TOKEN) as daemon:
        daemon.wait_for("run_finished")
        base = daemon.parts.web.urls[0]

        def found(path: str = "/?year=2024", status: int = 200) -> Element:
            answer = ask(base, "GET", path)
            assert answer.status == status
            return read(answer.body)

        assert "4 loaded" in lamps(found())["Database"]
        wait_until(lambda: found().all("a", "loaded"), 60)
        own_postgres.stop("immediate")
        wait_until(lambda: "The database is away" in found().one(id_="verdict").text)
        gone = found()
        assert "loaded by itself afterwards" in gone.one("ul", "matters").text
        assert "what the database said last" in gone.one("p", "stale").text
        assert gone.all("a", "loaded")
        assert gone.one("ol", "runs").all("li")
        assert "Queue" in lamps(gone)
        assert "Not known while" in found("/?year=2019").one(id_="coverage").text
        assert found("/why/gb/flat/2024-06-03", 503).one("h1").text
        assert ask(base, "GET", "/live").status == 200
        own_postgres.start()
        daemon.wait_for("database_back", timeout=60)
        wait_until(lambda: "4 loaded" in lamps(found())["Database"])


def test_without_a_database_from_the_beginning(racing: Path, own_postgres: Server) -> None:
    with own_postgres.database() as url:
        own_postgres.stop("immediate")
        with running(racing, url) as daemon:
            daemon.wait_for("database_lost")
            found = read(ask(daemon.parts.web.urls[0], "GET", "/").body)
            assert "The database is away" in found.one(id_="verdict").text
            assert found.all("table", "year") == []
        own_postgres.start()


def test_an_empty_database_and_tree(tmp_path: Path, database: str) -> None:
    """Nothing is loaded, and nothing is there."""
    (tmp_path / "racing").mkdir()
    with running(tmp_path / "racing", database) as daemon:
        base = daemon.parts.web.urls[0]

        def found() -> Element:
            return read(ask(base, "GET", "/").body)

        wait_until(lambda: "here is no segment" in found().one("ul", "matters").text)
        wait_until(lambda: found().all("table", "year"))
        assert "None yet." in found().one(id_="runs").text
        tiles = found().one("ul", "fresh").all("li")
        assert [one.one("span", "newest").text for one in tiles] == ["nothing loaded"] * 4


def test_a_database_that_waits_for_its_migrations(racing: Path, empty_database: str) -> None:
    with closing(psycopg.connect(empty_database, autocommit=True)) as owner:
        owner.execute("CREATE SCHEMA racing")
        owner.execute("CREATE TABLE racing.races (race_id bigint)")
    with running(racing, empty_database) as daemon:
        daemon.wait_for("database_not_ready")
        found = read(ask(daemon.parts.web.urls[0], "GET", "/").body)
        assert "giddyup-watch migrate" in found.one("section", "health").text


def test_polls_are_cheap(admin: Admin) -> None:
    """No tree is read and no row compared for them; 4 ms here."""
    have = str(page(admin).one("main").attributes["data-have"])
    took = []
    for _ in range(30):
        started = time.monotonic()
        assert live(admin, have).status == 200
        took.append(time.monotonic() - started)
    assert min(took) < 0.05  # the median of a busy machine says nothing
