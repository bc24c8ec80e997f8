"""The wheel: built without a network, it holds everything and works outside the checkout."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import giddyup_watch

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent


def _run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: what the build writes beside the sources stays out of the checkout."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("pyproject.toml", "README.md", "LICENSE", "config.example.toml"):
        shutil.copy(ROOT / name, copy)
    for name in ("giddyup_watch", "migrations", "systemd"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    _run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", cwd=copy)
    (built,) = (copy / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed console script, in an environment of its own.

    The dependencies are those of the environment that runs the tests, lent by
    a .pth file; its editable install is not lent, since only the first such
    file is followed.
    """
    home = tmp_path_factory.mktemp("venv")
    _run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    python = home / "bin" / "python"
    site = Path(
        _run(
            python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home
        ).strip()
    )
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"))
    offline = ("--no-index", "--no-deps", "--quiet", "--no-warn-script-location")
    _run(sys.executable, "-m", "pip", "--python", python, "install", *offline, wheel, cwd=home)
    return home / "bin" / "giddyup-watch"


def test_wheel_holds_code_statements_and_migrations(wheel: Path) -> None:
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "giddyup_watch").rglob("*")
        if path.suffix in (".py", ".sql") or path.name == "py.typed"
    }
    migrations = {f"giddyup_watch/migrations/{p.name}" for p in (ROOT / "migrations").glob("*.sql")}
    held = set(zipfile.ZipFile(wheel).namelist())
    assert migrations
    assert (sources | migrations) - held == set()
    assert {name for name in held if not name.startswith("giddyup_watch")} == set()


def test_installed_program_is_not_the_checkout(program: Path) -> None:
    where = "import giddyup_watch; print(giddyup_watch.__file__)"
    found = _run(program.with_name("python"), "-c", where, cwd=program.parent)
    assert Path(found).is_relative_to(program.parent.parent)


def test_installed_program_tells_its_version(program: Path) -> None:
    told = _run(program, "--version", cwd=program.parent)
    assert giddyup_watch.__version__ in told


def test_installed_program_makes_the_tables(program: Path, empty_database: str) -> None:
    migrate = (program, "migrate", "--database", empty_database)
    _run(*migrate, cwd=program.parent)
    _run(*migrate, "--check", cwd=program.parent)
