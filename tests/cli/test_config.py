"""`config check` and `config show`."""

import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


def test_check_says_which_file_is_fine(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[watch]\nquiet_ms = 100\n")
    done = cli("config", "check", "--config", file)
    assert (done.code, done.out) == (0, f"The settings are fine ({file}).\n")


def test_check_names_every_mistake(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[watch]\nquite_ms = 100\n[log]\nlevel = "loud"\n')
    done = cli("config", "check", "--config", file)
    assert done.code == 78
    assert f"{file}: watch.quite_ms" in done.err
    assert f"{file}: log.level" in done.err


def test_show_is_toml_with_the_secrets_masked(cli: Cli, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("GIDDYUP_WATCH_HTTP__TOKEN", "T0ken")
    environ.setenv("GIDDYUP_WATCH_DATABASE__URL", "postgresql://u:hush@host/db")
    done = cli("config", "show", "--master", "/tree")
    assert done.code == 0
    shown = tomllib.loads(done.out)
    assert shown["master"]["path"] == "/tree"
    assert shown["http"]["token"] == "********"
    assert shown["database"]["url"] == "postgresql://u:********@host/db"


def test_show_as_json_has_dotted_keys(cli: Cli) -> None:
    shown = cli("config", "show", "--json").json()
    assert shown["watch.quiet_ms"] == 500
    assert shown["master.path"] is None
    assert shown["master.regions"] == ["gb", "ire"]


def test_a_master_directory_on_the_command_line_may_be_relative(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = cli("config", "show", "--json", "--master", "tree").json()
    assert shown["master.path"] == str(tmp_path / "tree")
