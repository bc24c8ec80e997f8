"""`coverage`: a year that reads without colour, and as JSON."""

import re
import shutil
from pathlib import Path

import pytest

from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from tests.cli import terminal
from tests.cli.conftest import Cli

FLAT = SegmentKey("gb", "flat", "2024-06")


@pytest.fixture
def loaded(connected_cli: Cli, master: Path, environ: pytest.MonkeyPatch) -> Cli:
    environ.setenv("GIDDYUP_WATCH_MASTER__PATH", str(master))
    assert connected_cli("ingest", "--month", FLAT.month).code == 0
    return connected_cli


def test_a_year_for_eyes(loaded: Cli, master: Path) -> None:
    shutil.rmtree(layout.paths(master, FLAT).folder)
    loaded("ingest", "--month", FLAT.month)
    done = loaded("coverage", "--year", 2024, "--region", "gb")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["gb/flat", "2024", "gb/jumps", "2024"]
    (june,) = (line for line in lines if line.startswith("Jun "))
    assert set(june[4:35]) == {"H", " "}
    assert set(june[45:]) == {"+", "."}
    assert max(map(len, lines[:14])) <= 80
    assert "+ loaded   . no racing   P partly   M missing" in done.out
    assert re.search(r"H gb/flat/2024-06-\d\d  gone from disk, the ", done.out)
    assert [line for line in lines if line.startswith("gb/jumps  ")]


def test_a_year_for_programs(loaded: Cli) -> None:
    found = loaded("coverage", "--year", 2024, "--code", "flat", "--json").json()
    assert (found["year"], found["tree"]) == (2024, True)
    assert [(one["region"], one["code"]) for one in found["calendars"]] == [
        ("gb", "flat"), ("ire", "flat"),
    ]  # fmt: skip
    loaded_days = [day["day"] for day in found["calendars"][0]["days"] if day["state"] == "loaded"]
    assert len(loaded_days) == found["calendars"][0]["totals"]["loaded"] > 2
    assert {day[:7] for day in loaded_days} == {"2024-06"}


def test_this_year_unless_another_is_asked_for(loaded: Cli) -> None:
    found = loaded("coverage", "--json").json()
    assert found["year"] > 2024
    assert len(found["calendars"]) == 4


def test_without_a_tree_it_says_so(loaded: Cli, master: Path) -> None:
    done = loaded("coverage", "--year", 2024, "--master", master.with_name("nowhere"))
    assert done.code == 0
    assert "Not compared with the disk" in done.err
    (june,) = (line for line in done.out.splitlines()[:14] if line.startswith("Jun "))
    assert "+" in june


def test_a_code_that_is_not_in_the_settings(loaded: Cli) -> None:
    assert loaded("coverage", "--code", "trot").code == 64


def test_colours_on_a_terminal(loaded: Cli, database: str, master: Path) -> None:
    with terminal.started("coverage", "--year", 2024, "--database", database) as screen:
        assert screen.end() == 0
        assert "gb/flat 2024" in screen.screen()
        assert b"\x1b[32m+" in bytes(screen._seen)
