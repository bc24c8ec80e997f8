"""The manual pages against the code: every command, option, exit code and setting is in them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from giddyup_watch.cli import main
from giddyup_watch.settings import Settings
from giddyup_watch.settings.schema import KEYS
from tests.test_docs import SHARED_OPTIONS, _commands, _rows

ROOT = Path(__file__).parent.parent.parent
#: Bytes of a line of source, of which mandoc complains.
LINE_MAX = 80


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("manual")
    subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "manual.py"), str(folder)],
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
    )
    return {path.name: path.read_text() for path in folder.iterdir()}


def _plain(page: str) -> str:
    """The page without its markup."""
    return re.sub(r"\\f[BIR]|\\&", "", page).replace(r"\-", "-").replace(r"\e", "\\")


def _parts(page: str, macro: str) -> dict[str, str]:
    """What stands below each heading of a kind."""
    parts = re.split(rf'(?m)^\.{macro} "?([^"\n]+)"?\n', _plain(page))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield from set(parameter.opts) - SHARED_OPTIONS


def test_there_are_two_pages_dated_by_the_commit(pages: dict[str, str]) -> None:
    assert pages.keys() == {"giddyup-watch.8", "giddyup-watch.toml.5"}
    assert [page for page in pages.values() if "2023-11-14" not in page.splitlines()[0]] == []


def test_every_command_with_its_options_and_first_sentence(pages: dict[str, str]) -> None:
    sections = _parts(_parts(pages["giddyup-watch.8"], "SH")["COMMANDS"], "SS")
    commands = dict(_commands(main.cli))
    assert sections.keys() == commands.keys()
    for name, command in commands.items():
        told = set(re.findall(r"(?m)^\.TP\n(--[a-z-]+)", sections[name]))
        assert told == set(_options(command)), name
        sentence = " ".join((command.help or "").replace("`", "").split("\n\n")[0].split())
        assert sentence in " ".join(sections[name].split()), name


def test_options_that_all_commands_share(pages: dict[str, str]) -> None:
    told = _parts(pages["giddyup-watch.8"], "SH")["OPTIONS"]
    assert [option for option in SHARED_OPTIONS if f"\n{option} " not in told] == []


def test_every_exit_code(pages: dict[str, str]) -> None:
    told = _parts(pages["giddyup-watch.8"], "SH")["EXIT STATUS"]
    assert re.findall(r"(?m)^\.TP\n([0-9]+)$", told) == list(_rows("Exit codes"))


def test_every_setting_with_its_default_and_an_explanation(pages: dict[str, str]) -> None:
    sections = _parts(_parts(pages["giddyup-watch.toml.5"], "SH")["SETTINGS"], "SS")
    told = {}
    for section, text in sections.items():
        for entry in text.split(".TP\n")[1:]:
            *terms, last = entry.split("\n.TQ\n")
            last, _, explanation = last.partition("\n")
            assert len(explanation.split()) > 1, last
            for term in (*terms, last):
                key, _, value = term.partition(" = ")
                told[f"{section.strip('[]')}.{key}"] = value
    assert list(told) == list(KEYS)
    shown = {key: json.loads(value) for key, value in told.items()}
    defaults = json.loads(Settings().model_dump_json())
    examples = {"master.path", "database.url"}
    assert {key: shown[key] for key in KEYS if key not in examples} == {
        key: defaults[key.split(".")[0]][key.split(".")[1]] for key in KEYS if key not in examples
    }


def test_source_has_nothing_that_mandoc_calls_bad_style(pages: dict[str, str]) -> None:
    lines = [line for page in pages.values() for line in page.splitlines()]
    texts = [line for line in lines if not line.startswith(".")]
    assert [line for line in texts if len(line.encode()) > LINE_MAX or line != line.rstrip()] == []
    assert [line for line in lines if re.search(r"@\w+@", line)] == []
