"""What systemd itself thinks of the unit files."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.systemd.unitfile import DROP_INS, TEMPLATE, UNIT

pytestmark = pytest.mark.root

#: Ten times the exposure that `systemd-analyze security` reckons with, at most.
EXPOSURE = 9
EXPOSURES = {"remote-database.conf": 11, "tree-under-home.conf": 10}

#: Keys that a drop-in may have although the systemd here knows nothing of them.
FROM_254 = {"RestartSteps", "RestartMaxDelaySec"}


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """The units with a program that is there: where it gets installed is the package's matter."""
    for unit in (UNIT, TEMPLATE):
        text = unit.read_text().replace("/usr/bin/giddyup-watch", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def analyze(*args: object) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *map(str, args)]
    return subprocess.run(
        command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def verify(unit: Path) -> list[str]:
    """Everything it complains of: an unknown key is on stderr and no failure to it."""
    done = analyze("verify", "--man=no", unit)
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def with_drop_in(unit: Path, drop_in: Path) -> None:
    folder = unit.with_name(f"{unit.name}.d")
    folder.mkdir()
    shutil.copy(drop_in, folder)


@pytest.mark.parametrize("unit", [UNIT, TEMPLATE], ids=lambda path: path.name)
def test_nothing_to_complain_of(unit: Path, staged: Path) -> None:
    assert verify(staged / unit.name) == []


@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.name)
def test_a_drop_in_is_understood(drop_in: Path, staged: Path) -> None:
    with_drop_in(staged / UNIT.name, drop_in)
    unknown = [line for line in verify(staged / UNIT.name) if "Unknown key" in line]
    complaints = [line for line in verify(staged / UNIT.name) if line not in unknown]
    assert complaints == []
    assert {line.split("'")[1] for line in unknown} <= FROM_254


@pytest.mark.parametrize("unit", [UNIT, TEMPLATE], ids=lambda path: path.name)
def test_exposure(unit: Path, staged: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", staged / unit.name)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.name)
def test_exposure_with_a_drop_in(drop_in: Path, staged: Path) -> None:
    with_drop_in(staged / UNIT.name, drop_in)
    most = EXPOSURES.get(drop_in.name, EXPOSURE)
    done = analyze("security", "--offline=true", f"--threshold={most}", staged / UNIT.name)
    assert done.returncode == 0, done.stdout
