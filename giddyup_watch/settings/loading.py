"""Put the sources together and report every mistake at once."""

import difflib
import os
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from giddyup_watch import errors
from giddyup_watch.settings import schema, sources
from giddyup_watch.settings.sources import Given, Problem

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class SettingsError(errors.ConfigError):
    """The settings are not usable; `problems` has every mistake, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(
            f"{count} mistake{'s' if count > 1 else ''} in the settings:{lines}",
            hint="config.example.toml shows every key with its default and unit.",
        )


def load(
    path: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
) -> schema.Settings:
    """The settings as they stand now. Later sources win: file, credentials, variables, overrides.

    `overrides` has dotted keys, `{"master.path": …}`: what the command line said.
    """
    given, problems = _gather(path, overrides or {}, environ)
    origins = {key: one.origin for key, one in given.items()}
    try:
        settings = schema.Settings.model_validate(_nested(given))
    except ValidationError as exc:
        problems += [_problem(error, origins) for error in exc.errors(include_url=False)]
    if problems:
        raise SettingsError(problems)
    return settings


def _gather(
    path: Path | None, overrides: Mapping[str, object], environ: Mapping[str, str]
) -> tuple[dict[str, Given], list[Problem]]:
    given: dict[str, Given] = {}
    problems: list[Problem] = []
    file = sources.find_file(path, environ)
    for one in chain(
        sources.from_file(file) if file else (),
        sources.from_credentials(environ),
        sources.from_environment(environ),
        sources.from_command_line(overrides),
    ):
        if isinstance(one, Problem):
            problems.append(one)
        elif one.key not in schema.KEYS:
            problems.append(Problem(one.origin, one.key, f"unknown key{_suggestion(one.key)}"))
        else:
            given[one.key] = one
    return given, problems


def _suggestion(key: str) -> str:
    close = difflib.get_close_matches(key, schema.KEYS, n=1)
    return f", did you mean {close[0]}?" if close else ""


def _nested(given: Mapping[str, Given]) -> dict[str, dict[str, object]]:
    document: dict[str, dict[str, object]] = {}
    for key, one in given.items():
        section, name = key.split(".")
        document.setdefault(section, {})[name] = one.value
    return document


def _problem(error: "ErrorDetails", origins: Mapping[str, str]) -> Problem:
    """What pydantic found, in our words. Its `input` stays out where it may be a secret."""
    key = ".".join(str(part) for part in error["loc"][:2])
    text = error["msg"].removeprefix("Value error, ").replace("Input should", "must")
    if error["type"] != "value_error" and not _may_be_secret(key):
        text += f", not {error['input']!r}"
    return Problem(_origin(key, origins), key, text)


def _may_be_secret(key: str) -> bool:
    return key in schema.SECRET_KEYS or key == "database.url"


def _origin(key: str, origins: Mapping[str, str]) -> str:
    """A default can be wrong beside what was given: then that is where to look."""
    section = key.partition(".")[0]
    neighbours = (origin for other, origin in origins.items() if other.startswith(f"{section}."))
    return origins.get(key) or next(neighbours, "default")
