"""`why` on the command line: the facts, then the reason, then the command."""

import shutil
from pathlib import Path

import pytest

from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store.connection import Connection
from tests.cli.conftest import Cli

FLAT = SegmentKey("gb", "flat", "2024-06")


@pytest.fixture
def loaded(connected_cli: Cli, master: Path, environ: pytest.MonkeyPatch) -> Cli:
    """The command line on a small tree that is loaded."""
    environ.setenv("GIDDYUP_WATCH_MASTER__PATH", str(master))
    assert connected_cli("ingest", "--month", FLAT.month).code == 0
    return connected_cli


def test_the_reason_is_the_last_thing_said(loaded: Cli, master: Path) -> None:
    done = loaded("why", FLAT)
    assert done.code == 0
    *facts, blank, reason, command = done.out.splitlines()
    assert facts[0] == "subject   gb/flat/2024-06"
    assert "days of gb/flat/2024-06 loaded" in reason
    assert (blank, command) == ("", "  Nothing to do.")
    labels = {line[:9].strip() for line in facts}
    assert labels >= {"folder", "file", "manifest", "ledger", "run", "rows", "daemon", "lock"}


def test_how_views_are_kept_is_said(loaded: Cli, conn: Connection) -> None:
    assert "views     refresh" in loaded("why", FLAT).out
    conn.execute("UPDATE racing.derived_upkeep SET tables = true")
    conn.execute("INSERT INTO racing.derived_dirty (race_id) VALUES (1), (2)")
    told = loaded("why", FLAT, "--json").json()["answers"][0]["surroundings"]
    assert (told["derived"], told["derived_noted_races"]) == ("incremental", 2)
    assert "views     incremental, 2 changes not shown yet" in loaded("why", FLAT).out


def test_the_commands_lead_on(loaded: Cli, master: Path) -> None:
    """Each can be run as it stands, until there is nothing to do."""
    shutil.rmtree(layout.paths(master, FLAT).folder)
    said = []
    while (command := loaded("why", FLAT).out.splitlines()[-1].split()) != ["Nothing", "to", "do."]:
        said.append(" ".join(command))
        loaded(*command[1:])
        assert len(said) < 3, said
    load = "giddyup-watch ingest --region gb --code flat --month 2024-06"
    assert said == [load, f"{load} --accept shrink"]
    assert "its rows were given up" in loaded("why", FLAT).out


def test_a_month_of_all_folders_is_four_reasons(loaded: Cli) -> None:
    done = loaded("why", "2024-06")
    assert done.out.count("Nothing to do.") == 4
    assert "subject" not in done.out
    document = loaded("why", "2024-06", "--json").json()
    assert document["asked"] == "2024-06"
    assert [one["subject"] for one in document["answers"]] == [
        "gb/flat/2024-06", "gb/jumps/2024-06", "ire/flat/2024-06", "ire/jumps/2024-06",
    ]  # fmt: skip


def test_what_is_no_folder_of_ours(loaded: Cli) -> None:
    done = loaded("why", "gb/trot/2024-06")
    assert done.code == 64
    assert "code 'trot' is not in the settings: flat, jumps are" in done.err


def test_without_a_tree_it_says_so(loaded: Cli, master: Path) -> None:
    done = loaded("why", FLAT, "--master", master.with_name("nowhere"))
    assert done.code == 0
    assert "The tree is not there" in done.out
    assert "the ledger has" in done.out


def test_migrations_are_the_reason(cli: Cli, master: Path, empty_database: str) -> None:
    done = cli("why", FLAT, "--master", master, "--database", empty_database)
    assert done.code == 0
    assert done.out.endswith("  giddyup-watch migrate\n")


def test_a_database_that_is_down(cli: Cli, master: Path) -> None:
    url = "postgresql://127.0.0.1:1/nothing"
    done = cli("why", FLAT, "--master", master, "--database", url)
    assert done.code == 69
    assert "no connection to the database" in done.err
