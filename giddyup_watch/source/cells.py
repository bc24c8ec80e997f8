"""Text of a cell to the value that is stored, or to NULL and a reject that says why.

Nothing here raises on any cell, and what is returned fits the column it is for.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from giddyup_watch.model import Reject, Table
from giddyup_watch.source.rows import Race, Runner

OffTimes = Literal["auto", "24h"]
Kind = Literal[
    "text",  # any text
    "name",  # text that is part of an index
    "region",  # upper case, as the database has it
    "pos",  # a name whose leading digits the database makes a number of
    "int",
    "float",
    "distance",  # a number of furlongs, which may end in f
    "price",  # a decimal price: up to 1.0 means there is none
    "checked_price",  # one that the database wants to be 1.01 or more
    "off",  # time of day, see OffTimes
    "day",  # read by content, which has to know it first
]

MAX_NAME = 200  # characters; three names of four bytes each fit an index entry of 2,704 bytes
MAX_SHOWN = 200  # characters of an unreadable cell that are kept
NULLS = ("", "-", "–", "—")  # noqa: RUF001 - the dashes that writers use for nothing

_INT4 = range(-(2**31), 2**31)
_MAX_DIGITS = 64  # no number in these files needs more, and many are slow to read
_LOWEST_CHECKED_PRICE = 1.01
_NO_PRICE = 1.0


class Column(NamedTuple):
    """A column of a CSV file, the database's name for it, and how its cells are read."""

    csv: str
    column: str
    kind: Kind


def _same(kind: Kind, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name, name, kind) for name in names)


RACE_COLUMNS: tuple[Column, ...] = (
    Column("race_key", "race_key", "name"),
    Column("date", "race_date", "day"),
    Column("region", "region", "region"),
    Column("course", "course", "name"),
    Column("off", "off_time", "off"),
    Column("race_name", "race_name", "text"),
    Column("type", "race_type", "name"),
    Column("class", "class", "name"),
    *_same("text", "pattern", "rating_band", "age_band", "sex_rest"),
    Column("dist", "dist_raw", "text"),
    Column("dist_f", "dist_f", "distance"),
    Column("dist_m", "dist_m", "int"),
    Column("going", "going", "name"),
    Column("surface", "surface", "text"),
    Column("ran", "ran", "int"),
)

RUNNER_COLUMNS: tuple[Column, ...] = (
    *_same("name", "race_key", "runner_key"),
    Column("num", "num", "int"),
    Column("pos", "pos_raw", "pos"),
    Column("draw", "draw", "int"),
    *_same("float", "ovr_btn", "btn"),
    Column("horse", "horse", "name"),
    Column("age", "age", "int"),
    Column("sex", "sex", "text"),
    Column("lbs", "lbs", "int"),
    Column("hg", "hg", "text"),
    Column("time", "time_raw", "text"),
    Column("secs", "secs", "float"),
    Column("dec", "dec", "checked_price"),
    *_same("name", "jockey", "trainer"),
    Column("prize", "prize", "float"),
    Column("prize_raw", "prize_raw", "text"),
    *_same("int", "or", "rpr"),
    *_same("name", "sire", "dam", "damsire", "owner"),
    Column("comment", "comment", "text"),
    Column("win_bsp", "win_bsp", "checked_price"),
    *_same("price", "win_ppwap", "win_morningwap", "win_ppmax", "win_ppmin"),
    *_same("price", "win_ipmax", "win_ipmin"),
    *_same("float", "win_morning_vol", "win_pre_vol", "win_ip_vol"),
    Column("win_lose", "win_lose", "int"),
    *_same("price", "place_bsp", "place_ppwap", "place_morningwap", "place_ppmax", "place_ppmin"),
    *_same("price", "place_ipmax", "place_ipmin"),
    *_same("float", "place_morning_vol", "place_pre_vol", "place_ip_vol"),
    Column("place_win_lose", "place_win_lose", "int"),
    Column("match_jaccard", "match_jaccard", "float"),
    Column("match_time_diff_min", "match_time_diff_min", "int"),
    Column("match_reason", "match_reason", "text"),
)

COLUMNS: Mapping[Table, tuple[Column, ...]] = {"races": RACE_COLUMNS, "runners": RUNNER_COLUMNS}


def position(table: Table, csv: str) -> int:
    """Where the cells of a line have the column that the file calls `csv`."""
    return [column.csv for column in COLUMNS[table]].index(csv)


#: The column lists of COPY: what `race_values` and `runner_values` return.
RACE_STAGING: tuple[str, ...] = ("line", *(column.column for column in RACE_COLUMNS))
RUNNER_STAGING: tuple[str, ...] = (
    "line",
    "race_key",
    "race_date",
    *(column.column for column in RUNNER_COLUMNS[1:]),
)

PRICE_COLUMNS: frozenset[str] = frozenset(
    column.column for column in RUNNER_COLUMNS if column.kind in ("price", "checked_price")
)

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_WHOLE = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")
_THOUSANDS = re.compile(r"([+-]?[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]*)?")
_ORNAMENT = re.compile(r"[£€$\s]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_LEADING_DIGITS = re.compile(r"\d*")


def _plain(text: str) -> str:
    """Take off what people write around numbers; a comma must part thousands to be one."""
    text = _ORNAMENT.sub("", text)
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    return text


def _float(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        text = _plain(text)
        if not _NUMBER.fullmatch(text):
            raise ValueError("not a number")
    if len(text) > _MAX_DIGITS:
        raise ValueError("too many digits")
    value = float(text)
    if math.isinf(value):
        raise ValueError("out of range")
    return value


def _int(text: str) -> int:
    whole = _WHOLE.fullmatch(text) or _WHOLE.fullmatch(_plain(text))
    if whole is None:
        raise ValueError("not a whole number")
    if len(whole[1]) > _MAX_DIGITS:
        raise ValueError("too many digits")
    value = int(whole[1])
    if value not in _INT4:
        raise ValueError("out of range")
    return value


def _distance(text: str) -> float:
    return _float(text[:-1] if text[-1] in "fF" else text)


def _price(text: str) -> float | None:
    value = _float(text)
    return value if value > _NO_PRICE else None


def _checked_price(text: str) -> float | None:
    value = _price(text)
    if value is not None and value < _LOWEST_CHECKED_PRICE:
        raise ValueError("a price between 1.0 and 1.01")
    return value


def _name(text: str) -> str:
    if len(text) > MAX_NAME:
        raise ValueError(f"longer than {MAX_NAME} characters")
    return text


def _pos(text: str) -> str:
    """Refuse digits that the database could not make an integer of."""
    digits = _LEADING_DIGITS.match(text)
    if digits and not (digits[0].isascii() and len(digits[0]) < 10):
        raise ValueError("not a position")
    return _name(text)


def _time_of_day(text: str) -> dt.time:
    parts = _TIME.fullmatch(text)
    if parts is None:
        raise ValueError("not a time of day")
    try:
        return dt.time(int(parts[1]), int(parts[2]), int(parts[3] or 0))
    except ValueError as error:
        raise ValueError("not a time of day") from error


def _off(text: str) -> dt.time:
    """Racing goes off between 10:00 and 22:00: an hour from 1 to 9 is one of the afternoon."""
    time = _time_of_day(text)
    return time.replace(hour=time.hour + 12) if 1 <= time.hour <= 9 else time


Cleaner = Callable[[str], object]
_CLEANERS: Mapping[Kind, Cleaner] = {
    "name": _name,
    "region": str.upper,
    "pos": _pos,
    "int": _int,
    "float": _float,
    "distance": _distance,
    "price": _price,
    "checked_price": _checked_price,
}


class _Plan(NamedTuple):
    """Which cell of a line is cleaned by what; cells without a cleaner are stored as they are."""

    table: Table
    steps: tuple[tuple[int, str, Cleaner], ...]


def _plan(table: Table, cleaners: Mapping[Kind, Cleaner]) -> _Plan:
    return _Plan(
        table,
        tuple(
            (index, column.column, cleaners[column.kind])
            for index, column in enumerate(COLUMNS[table])
            if column.kind in cleaners
        ),
    )


_OFF: Mapping[OffTimes, Cleaner] = {"auto": _off, "24h": _time_of_day}


def cleaners(off_times: OffTimes) -> Mapping[Kind, Cleaner]:
    """What reads a cell of each kind; a kind that is not there is stored as it is."""
    return {**_CLEANERS, "off": _OFF[off_times]}


_RACES: Mapping[OffTimes, _Plan] = {
    off_times: _plan("races", cleaners(off_times)) for off_times in _OFF
}
_RUNNERS = _plan("runners", _CLEANERS)


def race_values(race: Race, off_times: OffTimes) -> tuple[tuple[object, ...], list[Reject]]:
    """Clean a race, in the order of RACE_STAGING; an unreadable `ran` is its number of runners."""
    values, rejects = _clean(_RACES[off_times], race.cells, race.line, race.day)
    if values[-1] is None:
        values[-1] = len(race.runners)
    key, _, *others = values
    return (race.line, key, race.day, *others), rejects


def runner_values(runner: Runner, day: dt.date) -> tuple[tuple[object, ...], list[Reject]]:
    """Clean a runner, in the order of RUNNER_STAGING."""
    values, rejects = _clean(_RUNNERS, runner.cells, runner.line, day)
    race_key, *others = values
    return (runner.line, race_key, day, *others), rejects


def runner_cell(column: Column, cell: str) -> object:
    """Clean one cell of a runner, as `runner_values` does all of them."""
    cleaner = _CLEANERS.get(column.kind)
    try:
        return cleaner(cell) if cleaner and cell else cell or None
    except ValueError:
        return None


def _clean(
    plan: _Plan, cells: Sequence[str], line: int, day: dt.date
) -> tuple[list[object], list[Reject]]:
    values: list[object] = [cell or None for cell in cells]
    rejects: list[Reject] = []
    for index, column, cleaner in plan.steps:
        cell = cells[index]
        if not cell:
            continue
        try:
            values[index] = cleaner(cell)
        except ValueError as error:
            values[index] = None
            shown = cell[:MAX_SHOWN]
            rejects.append(Reject(plan.table, line, day, column, shown, str(error), counts=False))
    return values, rejects
