# ruff: noqa: RUF001 - dashes and other characters stand here as careless writers leave them
"""Everything that writers get wrong, each kind of dirt with a name that tests ask by."""

import csv
import io
import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from giddyup_watch.demo.racing import layout
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.demo.racing.layout import Row
from giddyup_watch.model import Table


class Spot(NamedTuple):
    """One piece of dirt: `key` is of the row it is on, `text` what stands in the cell or line."""

    kind: str
    table: Table
    day: str
    key: str
    column: str | None
    text: str


class Cell(NamedTuple):
    """A cell that a writer fills like that; `{}` stands for what it should be."""

    kind: str
    table: Table
    column: str
    text: str


CELLS = (
    Cell("pounds and thousands", "runners", "prize", "£4,320.50"),
    Cell("euros with a space", "runners", "prize", "€ 1,000"),
    Cell("dollars", "runners", "prize", "$250"),
    Cell("thousands in a volume", "runners", "win_pre_vol", "1,234,567.89"),
    Cell("hyphen for no rating", "runners", "or", "-"),
    Cell("en dash for no rating", "runners", "rpr", "–"),
    Cell("em dash for no draw", "runners", "draw", "—"),
    Cell("whole number with a decimal", "runners", "draw", "12.0"),
    Cell("words for an age", "runners", "age", "three"),
    Cell("half a rating", "runners", "rpr", "72.5"),
    Cell("rating beyond integer", "runners", "or", "99999999999"),
    Cell("underscore in a number", "runners", "num", "1_0"),
    Cell("stones for pounds", "runners", "lbs", "9-4"),
    Cell("no number", "runners", "secs", "nan"),
    Cell("infinite", "runners", "win_ip_vol", "inf"),
    Cell("minutes in seconds", "runners", "secs", "1:12.35"),
    Cell("a distance in words", "runners", "btn", "nk"),
    Cell("a vulgar fraction", "runners", "ovr_btn", "2½"),
    Cell("no starting price", "runners", "win_bsp", "1.0"),
    Cell("no price", "runners", "win_ppmax", "0"),
    Cell("a price no market has", "runners", "win_bsp", "1.005"),
    Cell("fractional odds", "runners", "dec", "5/2"),
    Cell("empty horse", "runners", "horse", ""),
    Cell("apostrophe and accents", "runners", "horse", "L'Été D'Élan (FR)"),
    Cell("full stops", "runners", "horse", "St. Mac's Mr. Button"),
    Cell("spaces around a name", "runners", "jockey", "  Quill Brassbucket "),
    Cell("line break in a comment", "runners", "comment", "Led, headed\nfound nothing"),
    Cell("quotes and commas", "runners", "comment", 'Rider said "never" – twice, then left'),
    Cell("end of copy", "runners", "comment", "\\."),
    Cell("tabs and backslashes", "runners", "comment", "up\tfront \\N then \\t beaten"),
    Cell("left at the start", "runners", "pos", "LFT"),
    Cell("spaces in an empty cell", "runners", "prize_raw", "   "),
    Cell("quarter past two in the afternoon", "races", "off", "2:15"),
    Cell("padded quarter past two", "races", "off", "02:15"),
    Cell("24 hours clock", "races", "off", "14:15"),
    Cell("seconds in a time", "races", "off", "14:15:30"),
    Cell("morning", "races", "off", "11:05"),
    Cell("no off time", "races", "off", ""),
    Cell("no time of day", "races", "off", "25:10"),
    Cell("full stop in a time", "races", "off", "2.15"),
    Cell("furlongs with their unit", "races", "dist_f", "8.5f"),
    Cell("miles for furlongs", "races", "dist_f", "1m"),
    Cell("thousands of metres", "races", "dist_m", "1,609"),
    Cell("no count of runners", "races", "ran", ""),
    Cell("unreadable count of runners", "races", "ran", "ten"),
    Cell("region in lower case", "races", "region", "{lower}"),
    Cell("dash for no class", "races", "class", "–"),
    Cell("course with spaces around", "races", "course", "  {} "),
)


class Line(NamedTuple):
    """A line that cannot be loaded, beside the good one; `spoil` makes it from that."""

    kind: str
    table: Table
    spoil: Callable[[Row], Row]


_Kind = TypeVar("_Kind", Cell, Line)


def _cell(column: str, text: str) -> Callable[[Row], Row]:
    return lambda row: row | {column: text}


def _other_year(row: Row) -> Row:
    year, month, day = row["date"].split("-")
    return row | {"date": f"{int(year) + 1}-{month}-{day}"}


def _british_date(row: Row) -> Row:
    return row | {"date": "/".join(reversed(row["date"].split("-")))}


def _other_region(row: Row) -> Row:
    return row | {"region": "IRE" if row["region"] == "GB" else "GB"}


def _line(row: Row) -> str:
    """The row as the main writer writes it, without the end of the line."""
    header = layout.RACES if "race_name" in row else layout.RUNNERS
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([row[name] for name in header])
    return text.getvalue()


def _short(row: Row) -> Row:
    return row | {layout.RAW: ",".join(_line(row).split(",")[:6]) + "\r\n"}


def _long(row: Row) -> Row:
    return row | {layout.RAW: f"{_line(row)},surplus\r\n"}


def _open_quote(row: Row) -> Row:
    text = _line(row).replace('"', "")
    return row | {layout.RAW: f'"{text}\r\n'}


LINES = (
    Line("date of another year", "races", _other_year),
    Line("british date", "races", _british_date),
    Line("region of another folder", "races", _other_region),
    Line("no course", "races", _cell("course", "–")),
    Line("no race key", "races", _cell("race_key", "")),
    Line("course longer than an index bears", "races", _cell("course", "Llan" * 60)),
    Line("race line too short", "races", _short),
    Line("race line too long", "races", _long),
    Line("NUL in a race", "races", _cell("race_name", "Nul\0 Stakes")),
    Line("bad UTF-8 in a race", "races", _cell("race_name", "Prix de l'\udce9toile")),
    Line("runner of no race", "runners", _cell("race_key", "0" * 32)),
    Line("runner without a race key", "runners", _cell("race_key", "-")),
    Line("no runner key", "runners", _cell("runner_key", "")),
    Line("runner line too short", "runners", _short),
    Line("runner line too long", "runners", _long),
    Line("NUL in a runner", "runners", _cell("comment", "led\0")),
    Line("bad UTF-8 in a runner", "runners", _cell("comment", "tr\udce8s bien")),
    Line("quote never closed", "runners", _open_quote),
    Line("end of copy as a line", "runners", _cell(layout.RAW, "\\.\r\n")),
)
TWIN_RACE, TWIN_RUNNER, OLD_KEY = "race twice", "runner twice", "race under its old key too"
#: Put into the earlier of two lines with one key.
OUTDATED = "as first published"

#: Kinds of bad lines a month gets: as many as every day forgives.
LINES_A_MONTH = 3


def spoil(card: Card, seed: int, turn: int) -> list[Spot]:
    """Put dirt on a month, no two pieces on the same race or runner; tell where.

    All kinds of cells and twins, as far as the month has races, and those bad
    lines whose turn it is: months taken in turn show every kind, and none is
    over the reject budget.
    """
    rng = random.Random(f"{seed}/mess/{turn}")
    races = iter(rng.sample(card.races, len(card.races)))
    race_spots = list(_spoil_races(card, races, turn))
    clean = {race["race_key"] for race in races}
    runners = [row for row in card.runners if row["race_key"] in clean]
    days = {race["race_key"]: race["date"] for race in card.races}
    rng.shuffle(runners)
    return race_spots + list(_spoil_runners(card, iter(runners), days, turn))


def bad_lines(turn: int) -> list[Line]:
    """The kinds whose turn it is."""
    return [LINES[(turn * LINES_A_MONTH + n) % len(LINES)] for n in range(LINES_A_MONTH)]


def _spoil_races(card: Card, races: Iterator[Row], turn: int) -> Iterator[Spot]:
    for line, race in _pairs([line for line in bad_lines(turn) if line.table == "races"], races):
        yield _add_line(card.races, line, race, race["date"])
    for race in itertools.islice(races, 1):
        _insert_before(card.races, race, race | {"race_name": OUTDATED})
        yield _spot(TWIN_RACE, "races", race, race["date"], "race_name", OUTDATED)
    for race in itertools.islice(races, 1):
        yield _file_again(card, race)
    for cell, race in _pairs([cell for cell in CELLS if cell.table == "races"], races):
        yield _dirty(cell, race, race["date"])


def _spoil_runners(
    card: Card, runners: Iterator[Row], days: dict[str, str], turn: int
) -> Iterator[Spot]:
    for line, row in _pairs([line for line in bad_lines(turn) if line.table == "runners"], runners):
        yield _add_line(card.runners, line, row, days[row["race_key"]])
    for row in itertools.islice(runners, 1):
        _insert_before(card.runners, row, row | {"comment": OUTDATED})
        yield _spot(TWIN_RUNNER, "runners", row, days[row["race_key"]], "comment", OUTDATED)
    for cell, row in _pairs([cell for cell in CELLS if cell.table == "runners"], runners):
        yield _dirty(cell, row, days[row["race_key"]])


def _pairs(kinds: Iterable[_Kind], rows: Iterator[Row]) -> Iterator[tuple[_Kind, Row]]:
    """Each kind with a row of its own; unlike zip's, no row is taken and thrown away."""
    for kind in kinds:
        for row in itertools.islice(rows, 1):
            yield kind, row


def _dirty(cell: Cell, row: Row, day: str) -> Spot:
    clean = row[cell.column]
    row[cell.column] = cell.text.format(clean, lower=clean.lower())
    return _spot(cell.kind, cell.table, row, day, cell.column, row[cell.column])


def _add_line(rows: list[Row], line: Line, row: Row, day: str) -> Spot:
    """Add the bad line before the good one; its text is the whole line, or what makes it bad."""
    bad = line.spoil(row)
    _insert_before(rows, row, bad)
    return _spot(line.kind, line.table, row, day, None, bad.get(layout.RAW, _line(bad)))


def _file_again(card: Card, race: Row) -> Spot:
    """The same race and field, as the older writer keyed them."""
    key = layout.plain_race_key(race)
    card.races.append(race | {"race_key": key})
    card.runners += [
        row | {"race_key": key, "runner_key": f"{key}|{row['num']}"}
        for row in card.runners
        if row["race_key"] == race["race_key"]
    ]
    return _spot(OLD_KEY, "races", race, race["date"], "race_key", key)


def _insert_before(rows: list[Row], row: Row, new: Row) -> None:
    at = next(n for n, each in enumerate(rows) if each is row)
    rows.insert(at, new)


def _spot(kind: str, table: Table, row: Row, day: str, column: str | None, text: str) -> Spot:
    return Spot(kind, table, day, row[f"{table[:-1]}_key"], column, text)
