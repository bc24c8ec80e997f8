"""`derived`, and what config check and doctor say of the mode and the views."""

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_doctor import line


def test_there_and_back(connected_cli: Cli) -> None:
    done = connected_cli("derived", "incremental")
    assert done.code == 0, done.err
    assert "The known views are tables." in done.out
    assert 'Set derived.mode = "incremental"' in done.out
    assert "are tables already" in connected_cli("derived", "incremental").out
    assert connected_cli("derived", "compare").code == 0
    done = connected_cli("derived", "refresh")
    assert (done.code, "materialized views." in done.out) == (0, True)
    assert "nothing to compare" in connected_cli("derived", "compare").out


def test_a_mode_without_its_tables_says_what_to_do(
    connected_cli: Cli, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv("GIDDYUP_WATCH_DERIVED__MODE", "incremental")
    assert "giddyup-watch derived incremental" in connected_cli("config", "check").out
    told = line(connected_cli("doctor"), "derived views")
    assert told.startswith("WARN")
    assert "giddyup-watch derived incremental" in told
    assert connected_cli("derived", "incremental").code == 0
    assert line(connected_cli("doctor"), "derived views").startswith("OK")
    environ.setenv("GIDDYUP_WATCH_DERIVED__MODE", "refresh")
    assert line(connected_cli("doctor"), "derived views").startswith("WARN")
