"""Write the manual pages: their frames are beside this file, the rest is what the program says.

    python packaging/manual.py FOLDER      giddyup-watch.8 and giddyup-watch.toml.5, into FOLDER

Commands and options come from click, exit codes from docs/operations.md, settings from
config.example.toml; the tests hold the last two to the code. SOURCE_DATE_EPOCH dates the pages.
"""

import datetime as dt
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

import giddyup_watch
from giddyup_watch.cli import main

HERE = Path(__file__).parent
ROOT = HERE.parent

PAGES = ("giddyup-watch.8", "giddyup-watch.toml.5")

#: Told once, in OPTIONS.
SHARED = {"--config", "--master", "--database", "--help"}

#: Of a line of the source.
WIDTH = 80

_SECTION = re.compile(r"\[(?P<name>\w+)\]")
_KEY = re.compile(r"#?(?P<key>\w+) = (?P<value>.+)")
_ROW = re.compile(r"^\| `(\d+)` \| (.*?) \| (.*?) ?\|$", re.MULTILINE)


def page(name: str) -> str:
    """The page of that name, as man(7) source."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", "0")) or dt.datetime.now(dt.UTC).timestamp()
    values = {
        "date": f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d}",
        "version": giddyup_watch.__version__,
        "commands": _lines(_commands(main.cli, [main.PROGRAM])),
        "exit_codes": _lines(_exit_codes((ROOT / "docs" / "operations.md").read_text())),
        "settings": _lines(_settings((ROOT / "config.example.toml").read_text())),
    }
    frame = (HERE / f"{name}.in").read_text()
    return re.sub(r"@(\w+)@", lambda match: values[match[1]], frame)


def roff(text: str) -> str:
    """Text as it is to be read: `code` in bold, nothing in it taken for a request."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("…", "...")
    text = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", text)
    text = textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return re.sub(r"(?m)^(?=[.'])", r"\\&", text)


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(lines)


def _commands(group: click.Group, path: list[str]) -> Iterator[str]:
    context = click.Context(group, info_name=path[-1])
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield from _command(command, [*path, name])
        if isinstance(command, click.Group):
            yield from _commands(command, [*path, name])


def _command(command: click.Command, path: list[str]) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(path))
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    options = [param for param in command.params if isinstance(param, click.Option)]
    yield f'.SS "{roff(" ".join(path[1:]))}"'
    usage = [r"[\fIOPTION\fR ...]", *(rf"\fI{roff(a.make_metavar(context))}\fR" for a in arguments)]
    yield rf"\fB{roff(' '.join(path))}\fR {' '.join(usage)}"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield ".PP"
        yield roff(paragraph)
    for option in options:
        if not SHARED & {*option.opts} and (record := option.get_help_record(context)):
            term, text = record
            flag, _, value = term.partition(" ")
            yield ".TP"
            yield rf"\fB{roff(flag)}\fR" + (rf" \fI{roff(value)}\fR" if value else "")
            yield roff(text)


def _exit_codes(document: str) -> Iterator[str]:
    section = document.partition("\n## Exit codes\n")[2].partition("\n## ")[0]
    for code, means, advice in _ROW.findall(section):
        yield ".TP"
        yield rf"\fB{code}\fR"
        yield roff(f"{means}: {advice}" if advice else means)


def _settings(example: str) -> Iterator[str]:
    """A block each: keys that stand together share the comment above them."""
    for block in example[example.index("\n[") + 1 :].split("\n\n"):
        first, *rest = block.splitlines()
        if match := _SECTION.fullmatch(first):
            yield f'.SS "[{match["name"]}]"'
        lines = rest if match else [first, *rest]
        keys = [match for line in lines if (match := _KEY.fullmatch(line))]
        yield ".TP"
        yield "\n.TQ\n".join(rf"\fB{key['key']}\fR = {roff(key['value'])}" for key in keys)
        yield roff("\n".join(line.removeprefix("# ") for line in lines if line.startswith("# ")))


if __name__ == "__main__":
    for each in PAGES:
        (Path(sys.argv[1]) / each).write_text(page(each))
