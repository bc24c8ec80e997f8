"""Every command of ours that the documents show is typed into a shell, beside a living daemon."""

import shlex

import pytest

from tests.docs import markdown
from tests.docs.conftest import Machine

#: Commands of ours that are not typed in, and why.
NOT_RUN = {
    "run": "a daemon goes on until it is stopped; each of these tests has one",
}
#: Exit codes beside 0 of commands that ask whether something is wrong.
FOUND = {"doctor": 1, "gaps": 1}


def ours(text: str) -> list[str]:
    found = markdown.commands(text)
    return [command for command in found if markdown.program(command) == "giddyup-watch"]


def name(command: str) -> str:
    return shlex.split(command, comments=True)[1]


SHOWN = {block.place: commands for block in markdown.blocks("sh") if (commands := ours(block.text))}


@pytest.mark.slow
@pytest.mark.parametrize("commands", SHOWN.values(), ids=SHOWN.keys())
def test_commands_that_are_shown(machine: Machine, commands: list[str]) -> None:
    for command in commands:
        if name(command) not in NOT_RUN:
            said = machine.shell(command)
            assert said.code in (0, FOUND.get(name(command), 0)), f"{command}\n{said.out}{said.err}"


def test_nothing_that_could_be_run_is_left_out() -> None:
    shown = {name(command) for commands in SHOWN.values() for command in commands}
    assert NOT_RUN.keys() <= shown
    assert len(shown - NOT_RUN.keys()) > 12
