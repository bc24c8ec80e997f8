"""`config.example.toml` and the code say the same."""

import re
import tomllib
from pathlib import Path

import pytest

from giddyup_watch import settings

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"

#: Settings that an installation has to decide; the example shows a likely value.
WITHOUT_DEFAULT = {"master.path", "database.url"}

UNITS = {"_ms": "milliseconds", "_seconds": "seconds", "_percent": "percent", "_days": "day"}
UNITS |= {"_minutes": "minutes", "_hours": "hours"}


def uncommented() -> dict[str, object]:
    text = re.sub(r"^#(?=[a-z_]+ = )", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    return {
        f"{section}.{name}": value
        for section, table in tomllib.loads(text).items()
        for name, value in table.items()
    }


def comment_above(name: str) -> str:
    """The paragraph that explains `name`."""
    match = re.search(rf"((?:^#.*\n)+)(?:^#?[a-z_]+ = .*\n)*?^#?{name} = ", TEXT, re.MULTILINE)
    assert match, name
    return match[1]


TEXT = EXAMPLE.read_text("utf-8")


def test_the_example_shows_every_setting_and_no_other() -> None:
    assert list(uncommented()) == list(settings.KEYS)


def test_the_example_shows_the_defaults() -> None:
    defaults = settings.masked(settings.load(environ={}))
    shown = uncommented()
    assert {k: shown[k] for k in shown.keys() - WITHOUT_DEFAULT} == {
        k: defaults[k] for k in defaults.keys() - WITHOUT_DEFAULT
    }


def test_the_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    got = settings.load(EXAMPLE, environ={})
    assert got.master.tree == Path("/srv/giddyup/master")
    assert settings.secrets(got) == ()


@pytest.mark.parametrize("key", settings.KEYS)
def test_every_setting_is_explained_with_its_unit(key: str) -> None:
    name = key.split(".")[1]
    explanation = comment_above(name)
    for suffix, unit in UNITS.items():
        if name.endswith(suffix):
            assert unit in explanation.lower()


def test_the_example_says_which_settings_need_a_restart() -> None:
    for key in settings.KEYS:
        needs_restart = key not in settings.RELOADABLE
        assert ("Restart." in comment_above(key.split(".")[1])) == needs_restart, key
