"""docs/api.md, held to the code."""

import json
import re
from pathlib import Path

from giddyup_watch.http.access.gate import OPEN
from giddyup_watch.http.described import openapi
from giddyup_watch.http.page.endpoints import PATHS
from giddyup_watch.metrics import HANDLERS

DOCS = Path(__file__).parents[2] / "docs"
SECTION = (DOCS / "api.md").read_text()
DOCUMENT = json.loads((DOCS / "openapi.json").read_text())


def rows(form: str) -> dict[str, str]:
    return dict(re.findall(form, SECTION, re.MULTILINE))


def test_every_endpoint_is_there_and_counted() -> None:
    documented = rows(r"^\| `(/[^`]+)` \| (GET|POST) \|")
    there = {
        path: method.upper() for path, item in DOCUMENT["paths"].items() for method in item
    } | {"/openapi.json": "GET"}
    assert documented == there
    assert set(HANDLERS) == {*there, *OPEN, *PATHS, "other"}


def test_every_status_is_there() -> None:
    documented = set(rows(r"^\| `(\d{3})` \| (.*) \|$"))
    told = {
        status
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        for status in operation["responses"]
    }
    assert documented == {*told, "405", "500"} - {"200", "202"}
    assert {str(code) for code in openapi.problems(*map(int, told - {"200", "202"}))} <= documented
