"""What the units promise, and the program that has to keep it."""

import re
from pathlib import Path

import pytest

from giddyup_watch import errors
from giddyup_watch.cli import main
from giddyup_watch.cli.daemon import RUNTIME
from giddyup_watch.daemon import app
from giddyup_watch.settings import sources
from tests.systemd.unitfile import DROP_INS, TEMPLATE, UNIT, read, seconds

#: Of a giddyup-watch.service, the keys that one of several instances has otherwise.
OWN = {
    "Description", "ExecStart", "User", "StateDirectory", "RuntimeDirectory", "LoadCredential",
}  # fmt: skip

WHOLE = read(UNIT)


def one(key: str) -> str:
    (value,) = WHOLE[key]
    return value


def test_a_mistake_of_the_operator_is_not_tried_again_and_again() -> None:
    final = {int(code) for code in one("RestartPreventExitStatus").split()}
    mistakes = {errors.ConfigError.exit_code, errors.PermissionDeniedError.exit_code}
    assert final == mistakes | {main.EXIT_USAGE}
    assert app.EXIT_BUG not in final


def test_systemd_waits_longer_for_the_end_than_the_daemon_does() -> None:
    assert seconds(one("TimeoutStopSec")) >= app.STOP_SECONDS + 15
    assert seconds(one("WatchdogSec")) >= app.TICK_SECONDS * 10


def test_every_file_of_the_folder_of_credentials_is_known_by_the_name_it_gets() -> None:
    prefix, _, folder = one("LoadCredential").partition(":")
    assert folder == str(sources.CREDENTIALS_FOLDER)
    assert all(name.startswith(f"{prefix}_") for name in sources.CREDENTIALS)
    assert one("SetCredential").startswith(f"{prefix}:")  # no folder is no failure


def test_commands_find_the_socket_of_the_service() -> None:
    assert Path("/run", one("RuntimeDirectory")) == RUNTIME
    assert Path("/etc", one("ConfigurationDirectory")) == sources.DEFAULT_FILE.parent


def test_an_instance_differs_in_nothing_but_its_name() -> None:
    instance = read(TEMPLATE)
    assert {key for key in {*WHOLE, *instance} if WHOLE.get(key) != instance.get(key)} == OWN
    for key in OWN:
        assert all("%i" in value for value in instance[key])


@pytest.mark.parametrize("path", [UNIT, TEMPLATE], ids=lambda path: path.name)
def test_sections_hold_the_keys_of_the_manual(path: Path) -> None:
    text = re.sub(r"(?m)^#.*\n", "", path.read_text())
    assert re.findall(r"(?m)^\[(\w+)\]$", text) == ["Unit", "Service", "Install"]
    assert all(re.fullmatch(r"[A-Z]\w+=.*", line) for line in text.split("\n") if line[:1] > "[")


def test_every_drop_in_says_what_it_is_for() -> None:
    assert [path.name for path in DROP_INS if not path.read_text().startswith("# ")] == []
