"""The blocks of code that the documents show, and the commands in them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
#: Folders of what was made or installed here.
OTHERS = (".", "build", "node_modules")
DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(OTHERS) for part in path.relative_to(ROOT).parts)
)

_BLOCK = re.compile(r"(?ms)^ *```(\w*)\n(.*?)^ *```$")


class Block(NamedTuple):
    """`place` is the document and the line, as editors open them."""

    place: str
    language: str
    text: str


def blocks(*languages: str) -> Iterator[Block]:
    """Every block of these languages in every document."""
    for path in DOCUMENTS:
        text = path.read_text()
        for match in _BLOCK.finditer(text):
            if match[1] in languages:
                line = text.count("\n", 0, match.start()) + 1
                yield Block(f"{path.relative_to(ROOT)}:{line}", match[1], match[2])


def commands(text: str) -> Iterator[str]:
    """The commands of a block of shell, each as it stands there, on as many lines as it has."""
    begun: list[str] = []
    for line in text.splitlines():
        begun.append(line)
        command = "\n".join(begun)
        if line.endswith("\\") or not _is_whole(command):
            continue
        if shlex.split(command, comments=True):
            yield command
        begun = []
    assert not begun, f"this command has no end: {begun}"


def program(command: str) -> str:
    """The program that a command starts."""
    words = shlex.split(command, comments=True)
    return next(word for word in words if not re.fullmatch(r"\w+=.*", word))


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:  # a quotation goes on in the next line
        return False
    return True
