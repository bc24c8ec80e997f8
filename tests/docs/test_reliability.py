"""docs/reliability.md against the tests: each of its lines names the files that have its tests."""

import re
from collections import defaultdict
from collections.abc import Iterator

from tests.docs.markdown import ROOT

TESTS = ROOT / "tests"
#: The first section; others have tables of numbers too.
FAILURES = (ROOT / "docs" / "reliability.md").read_text().partition("\n## Any input")[0]
#: Of all that can happen.
LINES = 32

_NUMBERED = re.compile(r"^\| (\d+) \|.*\| ([^|]+) \|$", re.MULTILINE)
_NAME = re.compile(r"`(\w+/test_\w+)`")
_MARK = re.compile(r"\bpytest\.mark\.failure\(line=(\d+)\)")


def named() -> dict[int, set[str]]:
    return {int(number): set(_NAME.findall(cell)) for number, cell in _NUMBERED.findall(FAILURES)}


def marked() -> dict[int, set[str]]:
    found = defaultdict[int, set[str]](set)
    for path in TESTS.rglob("test_*.py"):
        for number in _MARK.findall(path.read_text()):
            found[int(number)].add(str(path.relative_to(TESTS).with_suffix("")))
    return dict(found)


def mentioned() -> Iterator[str]:
    for path in (ROOT / "docs").glob("*.md"):
        yield from _NAME.findall(path.read_text())


def test_each_line_names_the_files_that_have_its_tests() -> None:
    assert list(named()) == list(range(1, LINES + 1))
    assert named() == marked()


def test_every_test_that_a_document_names_is_there() -> None:
    assert [name for name in mentioned() if not (TESTS / f"{name}.py").exists()] == []
