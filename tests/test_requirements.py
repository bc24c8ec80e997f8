"""The lists that environments are made from: locked, hashed and of one mind."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LISTS = ROOT / "requirements"


def _pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (LISTS / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", sorted(LISTS.iterdir()), ids=lambda path: path.name)
def test_every_package_is_hashed(path: Path) -> None:
    entries = re.split(r"\n(?=[\w.-]+==)", path.read_text())
    names = {entry.partition("==")[0] for entry in entries}  # some once for each Python
    assert names == _pins(path.name).keys() != set()
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", ["build.txt", "run.txt"])
def test_what_runs_is_what_was_tested(name: str) -> None:
    assert _pins(name).items() <= _pins("dev.txt").items()


def test_what_npm_brings_is_hashed_and_comes_from_where_the_machine_says() -> None:
    lock = json.loads((ROOT / "monitoring/render/package-lock.json").read_text())
    wanted = json.loads((ROOT / "monitoring/render/package.json").read_text())
    packages = {path: entry for path, entry in lock["packages"].items() if path}
    assert [path for path, entry in packages.items() if "integrity" not in entry] == []
    assert [path for path, entry in packages.items() if "resolved" in entry] == []
    pinned = wanted["dependencies"] | wanted["devDependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in pinned} == pinned


def _normal(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement)[0]).lower()


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"]
    wanted += project["project"]["optional-dependencies"]["embedded"]
    groups = project["dependency-groups"]
    developing = [entry for entry in groups["dev"] if isinstance(entry, str)]
    assert {_normal(name) for name in wanted} <= {_normal(name) for name in _pins("run.txt")}
    assert {_normal(name) for name in developing} <= {_normal(name) for name in _pins("dev.txt")}
    assert {_normal(name) for name in groups["browser"]} == set(_pins("browser.txt"))
