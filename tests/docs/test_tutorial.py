"""What the tutorial has a beginner type does what it says, from its first line to its last."""

import re

import pytest

from tests.docs import markdown
from tests.docs.conftest import Machine
from tests.wait import wait_until

TUTORIAL = markdown.ROOT / "docs" / "tutorial.md"
ANSWER = "is being written: the last line of the runners file has no newline."


@pytest.mark.slow
def test_be_the_scraper(machine: Machine) -> None:
    cut, ask, write, look = (
        block.text
        for block in markdown.blocks("bash")
        if block.place.startswith("docs/tutorial.md")
    )
    (machine.home / ".state" / "sample").mkdir(parents=True)
    (machine.home / ".state" / "sample" / "master").symlink_to(machine.home / "master")
    there = "\n".join(cut.splitlines()[:3])

    said = machine.shell(f"set -e\n{cut}\n{ask}").out
    assert ANSWER in said
    assert ANSWER in re.sub(r"[\s>]+", " ", TUTORIAL.read_text())

    assert machine.shell(f"set -e\n{there}\n{write}").code == 0
    changed = wait_until(
        lambda: [
            one for one in machine.daemon.events("segment_ingested") if one.get("runners_updated")
        ],
        30,
    )
    assert [one["runners_updated"] for one in changed] == [1]
    assert not {"races_updated", "runners_inserted", "runners_deleted"} & changed[0].keys()

    said = machine.shell(f"set -e\n{there}\n{look}").out
    assert "new+changed 0+0 races, 0+1 runners" in said
    assert re.search(r"^\d+ days of gb/flat/\S+ loaded", said, re.MULTILINE)
