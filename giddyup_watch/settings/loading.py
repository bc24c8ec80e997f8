"""Put the sources together and report every mistake at once."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_settings import PydanticBaseSettingsSource

from giddyup_watch import errors
from giddyup_watch.settings import schema, sources
from giddyup_watch.settings.sources import Problem

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
            hint="config.example.toml shows every key with its default and unit",
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
    found = sources.Sources(path, overrides or {}, environ)

    class Found(sources.Read):
        @classmethod
        def settings_customise_sources(
            cls, *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(reversed(found.all))

    problems = found.problems
    try:
        # Handed on as plain Settings: those of two readings can be equal.
        settings = schema.Settings(**dict(Found()))
    except ValidationError as exc:
        wrong = exc.errors(include_url=False)
        problems += [_problem(error, found.origins) for error in wrong if not _told(error)]
    if problems:
        raise SettingsError(problems)
    return settings


def _told(error: "ErrorDetails") -> bool:
    """Whether the sources have told it, each for itself: unknown keys, and what is no section."""
    return error["type"] == "extra_forbidden" or len(error["loc"]) == 1


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
