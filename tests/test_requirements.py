"""The lists that environments are made from: locked, hashed and of one mind."""

import json
import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
LISTS = ROOT / "requirements"


def _pins(name: str) -> dict[str, str]:
    """Version by name as the list has it, extras included: `psycopg[binary]`."""
    listed = (LISTS / name).read_text()
    return dict(re.findall(r"^([\w.-]+(?:\[[\w,-]+\])?)==(\S+)", listed, re.MULTILINE))


def _without_extras(names: Iterable[str]) -> set[str]:
    return {name.partition("[")[0] for name in names}


@pytest.mark.parametrize("path", sorted(LISTS.iterdir()), ids=lambda path: path.name)
def test_every_package_is_hashed(path: Path) -> None:
    entries = re.split(r"\n(?=[\w.,[\]-]+==)", path.read_text())
    names = {entry.partition("==")[0] for entry in entries}  # some once for each Python
    assert names == _pins(path.name).keys() != set()
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_what_is_asked_for_with_extras_is_pinned_with_them() -> None:
    """pip 23 takes `coverage[toml]` and `coverage` for two: one pin lets the other float."""
    here = {entry.name.lower(): entry for entry in metadata.distributions()}
    locked = {"giddyup-watch", *_without_extras(_pins("dev.txt"))} & here.keys()
    wanted = [Requirement(line) for name in locked for line in here[name].requires or ()]
    active = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    asked = {f"{one.name}[{','.join(sorted(one.extras))}]" for one in active if one.extras}
    assert asked == {name for name in _pins("dev.txt") if "[" in name} != set()


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
