"""The committed dashboards: as the code makes them, complete, and asking for what there is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from giddyup_watch import metrics
from monitoring.dashboards import __main__ as dashboards
from monitoring.dashboards.tables import UID as TABLES

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted(dashboards.FOLDER.glob("*.json"))
DOCUMENTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}
OVER_PROMETHEUS = sorted(DOCUMENTS.keys() - {TABLES})
RECORDED = set(
    re.findall(
        r"- record: (\S+)",
        (REPOSITORY / "monitoring/rules/giddyup-watch.rules.yml").read_text(encoding="utf-8"),
    )
)
#: Of Prometheus itself: the alerts that it knows of, most of them by job and not by instance.
ALERTS = "ALERTS"
SELECTOR = re.compile(r"([A-Za-z_:]\w[\w:]*)\{([^}]*)\}")
#: The same without what is in braces, which may be missing.
NAMED = re.compile(r"\b(?:job:|giddyup_watch_|process_|ALERTS\b|up\b)[\w:]*")


def panels(name: str) -> Iterator[dict[str, Any]]:
    yield from (panel for panel in DOCUMENTS[name]["panels"] if panel["type"] != "row")


def queries(name: str) -> Iterator[str]:
    for panel in panels(name):
        yield from (target["expr"] for target in panel["targets"])
    yield from (one["expr"] for one in DOCUMENTS[name]["annotations"]["list"])


def lost(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """What of a document is not in another, which may have more: the types' defaults."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from lost(value, after.get(key), f"{where}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, value in enumerate(before):
            yield from lost(value, after[index], f"{where}/{index}")
    elif before != after:
        yield f"{where}: {before!r} became {after!r}"


def exported() -> set[str]:
    ends = {"histogram": ("_bucket", "_sum", "_count")}
    return {
        metrics.PREFIX + row.name + end
        for row in metrics.TABLE
        for end in ends.get(row.kind, ("",))
    }


def test_the_committed_files_are_what_the_code_makes() -> None:
    assert dashboards.main(["--check"]) == 0


def test_a_file_that_drifts_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in FILES:
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    monkeypatch.setattr(dashboards, "FOLDER", tmp_path)
    assert dashboards.main(["--check"]) == 1
    assert "giddyup-watch-overview.json" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_nothing_is_lost_on_the_way_through_the_types(name: str) -> None:
    plugins.register_default_plugins()
    again = json.loads(
        json.dumps(model.Dashboard.from_json(DOCUMENTS[name]), cls=JSONEncoder, sort_keys=True)
    )
    assert list(lost(DOCUMENTS[name], again)) == []


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_panel_says_what_it_shows_in_which_unit(name: str) -> None:
    for panel in panels(name):
        assert panel["title"], panel
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
    titles = [panel["title"] for panel in panels(name)]
    assert len({panel["id"] for panel in panels(name)}) == len(titles)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_dashboard_is_read_only_and_fills_its_rows(name: str) -> None:
    document = DOCUMENTS[name]
    assert document["editable"] is False
    assert document["uid"] == name
    taken: set[tuple[int, int]] = set()
    for panel in panels(name):
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", OVER_PROMETHEUS)
def test_every_selector_asks_for_job_and_instance(name: str) -> None:
    variables = {one["name"]: one for one in DOCUMENTS[name]["templating"]["list"]}
    assert {"datasource", "job", "instance"} <= variables.keys()
    for label in ("job", "instance"):
        assert variables[label]["refresh"] == 2, label  # when the time range changes
        assert variables[label]["multi"], label
        assert variables[label]["allValue"] == ".+", label
        assert variables[label]["datasource"]["uid"] == "${datasource}", label
    for query in queries(name):
        found = SELECTOR.findall(query)
        assert found, query
        assert len(found) == len(NAMED.findall(query)), query
        for metric, matchers in found:
            assert 'job=~"$job"' in matchers, query
            assert ('instance=~"$instance"' in matchers) != (metric in {*RECORDED, ALERTS}), query


@pytest.mark.parametrize("name", OVER_PROMETHEUS)
def test_every_metric_asked_for_is_exported_or_recorded(name: str) -> None:
    known = exported() | RECORDED | {"up", ALERTS}
    asked = {metric for query in queries(name) for metric, _ in SELECTOR.findall(query)}
    assert {one for one in asked if not one.startswith("process_")} <= known


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_panel_asks_the_source_that_is_chosen(name: str) -> None:
    (chosen,) = (
        one for one in DOCUMENTS[name]["templating"]["list"] if one["type"] == "datasource"
    )
    source = {"type": chosen["query"], "uid": f"${{{chosen['name']}}}"}
    for panel in panels(name):
        assert panel["targets"], panel["title"]
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == source, panel["title"]


@pytest.mark.parametrize("name", OVER_PROMETHEUS)
def test_what_only_grows_is_asked_how_fast(name: str) -> None:
    for query in queries(name):
        bare = re.sub(r"\b(rate|increase)\([^()]*\)", "", query)
        grows = re.findall(r"\b\w+_(?:total|bucket|sum|count)\b(?=\{)", bare)
        assert grows == [], query


@pytest.mark.parametrize("name", OVER_PROMETHEUS)
def test_rates_are_taken_over_the_interval_that_grafana_chooses(name: str) -> None:
    for query in queries(name):
        assert set(re.findall(r"\[([^\]]+)\]", query)) <= {"$__rate_interval"}, query


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_dashboard_leads_to_the_others_the_status_page_and_the_runbook(name: str) -> None:
    links = {link["title"]: link for link in DOCUMENTS[name]["links"]}
    assert links["giddyup-watch"]["tags"] == DOCUMENTS[name]["tags"] == ["giddyup-watch"]
    assert links["Status page"]["url"] == "${status_page}"
    assert links["Runbook"]["url"].startswith("${runbook}#")
    written = {one["name"] for one in DOCUMENTS[name]["templating"]["list"]}
    assert {"status_page", "runbook"} <= written


def test_links_lead_to_headings_of_the_runbook() -> None:
    text = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    linked = {
        link["url"].partition("#")[2]
        for name in DOCUMENTS
        for part in (*panels(name), DOCUMENTS[name])
        for link in part.get("links", [])
        if link.get("url", "").startswith("${runbook}")
    }
    assert linked
    assert linked <= headings


@pytest.mark.parametrize("panel", [*panels(TABLES)], ids=lambda panel: panel["title"])
def test_the_database_answers_every_statement(
    panel: dict[str, Any], conn: psycopg.Connection[Any]
) -> None:
    (target,) = panel["targets"]
    assert target["rawQuery"]
    statement = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 > now() - interval '1 d'", target["rawSql"])
    assert "$" not in statement
    assert conn.execute(statement).description
