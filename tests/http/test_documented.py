"""docs/api.md, held to the code; its curl lines are carried out."""

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from giddyup_watch.http import openapi
from giddyup_watch.http.gate import OPEN
from giddyup_watch.http.page.endpoints import PATHS
from giddyup_watch.metrics import HANDLERS
from tests.daemon.running import Answer
from tests.http.asking import TOKEN, ask
from tests.http.conftest import Admin

DOCS = Path(__file__).parents[2] / "docs"
SECTION = (DOCS / "api.md").read_text()
DOCUMENT = json.loads((DOCS / "openapi.json").read_text())
CURLS = [
    line
    for line in re.findall(r"(?ms)^```sh\n(.*?)^```", SECTION)[0].replace("\\\n", " ").split("\n\n")
    if "curl" in line
]


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


def carried_out(admin: Admin, command: str) -> Answer:
    """A curl line on this host, as curl reads it."""
    dated = re.sub(r"\$\(date [^)]*\)", "2025-10-13", command)
    words = iter(shlex.split(dated, comments=True))
    assert next(words) == "curl"
    method, url, body, headers, base = "GET", "", None, {}, admin.tcp
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = os.path.expandvars(next(words)).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words).encode()
        elif word == "--unix-socket":
            base = f"unix:{os.path.expandvars(next(words))}"
        else:
            url = word
    parts = urlsplit(url)
    return ask(base, method, f"{parts.path}?{parts.query}".rstrip("?"), body, headers)


def test_curl_lines(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    monkeypatch.setenv("SOCKET", admin.socket.removeprefix("unix:"))
    forms: dict[str, set[Any]] = {}
    assert len(CURLS) > 4
    for command in CURLS:
        answer = carried_out(admin, command)
        assert answer.status == (202 if "ingest/run " in command else 200), command
        if answer.status == 202:
            admin.ended(answer.document["run_id"])
            forms.setdefault("run", set()).add(tuple(answer.document))
    assert forms["run"] == {("run_id", "status", "started_at", "scope")}
