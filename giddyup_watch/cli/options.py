"""Options that commands share, and what their values are parsed to."""

import datetime as dt
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from giddyup_watch import model, settings

Command = Callable[..., int]

_DURATION = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[smhd])")
_LONGEST = dt.timedelta(days=366)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Source:
    """Where this command's settings come from; `load` reads them, again at will."""

    path: Path | None
    overrides: dict[str, object]

    def load(self) -> settings.Settings:
        return settings.load(self.path, self.overrides)

    def over(self, outer: "Source") -> "Source":
        """What was given here, and where nothing was, what was given to the command before."""
        return Source(self.path or outer.path, outer.overrides | self.overrides)


def with_source(command: Command) -> Command:
    """Add `--config`, `--master`, `--database`, and pass the command the Source they make."""

    @click.option("--config", type=click.Path(path_type=Path), help="Settings file.")
    @click.option("--master", type=click.Path(path_type=Path), help="Master directory.")
    @click.option("--database", metavar="URL", help="libpq URL, or 'embedded'.")
    @functools.wraps(command)
    def wrapper(
        config: Path | None, master: Path | None, database: str | None, **rest: object
    ) -> int:
        given = {"master.path": master.absolute() if master else None, "database.url": database}
        overrides: dict[str, object] = {k: v for k, v in given.items() if v is not None}
        return command(Source(config, overrides), **rest)

    return wrapper


def with_folders(command: Command) -> Command:
    """Add `--region` and `--code`, each as often as wanted."""
    code = click.option("--code", "codes", multiple=True, help="Only this code; repeatable.")
    region = click.option(
        "--region", "regions", multiple=True, help="Only this region; repeatable."
    )
    return region(code(command))


as_json = click.option("--json", "as_json", is_flag=True, help="For programs; stable.")


class Month(click.ParamType[str]):
    name = "YYYY-MM"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not model.is_month(value):
            self.fail(f"{value!r} is not a month, like 2024-06", param, ctx)
        return value


class Day(click.ParamType[str]):
    """An ISO date, `today` or `yesterday`: which day that is, the settings' time zone says."""

    name = "DATE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in ("today", "yesterday"):
            try:
                dt.date.fromisoformat(value)
            except ValueError:
                self.fail(f"{value!r} is not a date, like 2024-06-14 or today", param, ctx)
        return value


class Duration(click.ParamType[dt.timedelta]):
    name = "2h"

    def convert(
        self,
        value: str | dt.timedelta,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> dt.timedelta:
        match = _DURATION.fullmatch(str(value))
        if match is None or int(match["count"]) == 0:
            self.fail(f"{value!r} is not a duration, like 90s, 30m, 2h or 1d", param, ctx)
        duration = dt.timedelta(seconds=int(match["count"]) * _UNIT_SECONDS[match["unit"]])
        if duration > _LONGEST:
            self.fail(f"{value} is longer than a year", param, ctx)
        return duration
