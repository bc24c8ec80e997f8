"""One race: what the races file says of it."""

import datetime as dt
import random
from dataclasses import dataclass

from giddyup_watch.demo.racing import layout, names
from giddyup_watch.demo.racing.layout import Row
from giddyup_watch.demo.racing.season import Meeting

#: Distance as printed, and in furlongs.
FLAT_DISTANCES = (
    ("5f", 5.0), ("6f", 6.0), ("6f", 6.0), ("7f", 7.0), ("7f", 7.0), ("1m", 8.0), ("1m", 8.0),
    ("1m½f", 8.5), ("1m2f", 10.0), ("1m4f", 12.0), ("1m6f", 14.0), ("2m", 16.0),
)  # fmt: skip
JUMPS_DISTANCES = (
    ("2m", 16.0), ("2m", 16.0), ("2m½f", 16.5), ("2m3f", 19.0), ("2m4f", 20.0), ("2m5½f", 21.5),
    ("3m", 24.0), ("3m", 24.0), ("3m2f", 26.0),
)  # fmt: skip
METRES_A_FURLONG = 201.168

FLAT_KINDS = ("Handicap", "Handicap", "Handicap", "Maiden Stakes", "Novice Stakes", "Claimer")
KINDS = {
    "Hurdle": ("Handicap Hurdle", "Novices' Hurdle", "Maiden Hurdle", "Juvenile Hurdle"),
    "Chase": ("Handicap Chase", "Novices' Chase", "Beginners' Chase", "Hunters' Chase"),
    "NH Flat": ("Open National Hunt Flat Race", 'Standard "Bumper"'),
}
AGE_BANDS = {
    "flat": (("2yo", 2, 2), ("3yo", 3, 3), ("3yo+", 3, 9), ("4yo+", 4, 9), ("3yo+", 3, 9)),
    "jumps": (("4yo+", 4, 12), ("5yo+", 5, 12), ("4yo+", 4, 12), ("5yo+", 5, 12)),
}
JUVENILES, BUMPERS = ("4yo", 4, 4), ("4-6yo", 4, 6)
TWO_YEAR_OLDS_FROM = 4  # month
PATTERNS = {"flat": ("Group 3", "Listed"), "jumps": ("Grade 2", "Listed")}
#: Prize money of the winner by class, in pounds or euros.
PRIZES = (0, 60_000, 25_000, 11_000, 6_500, 4_200, 3_100)


@dataclass(slots=True)
class Race:
    """The row, and what the field needs to know of the race."""

    row: Row
    meeting: Meeting
    ages: tuple[int, int]
    furlongs: float
    prize: int
    handicap: bool


def make(
    rng: random.Random,
    meeting: Meeting,
    *,
    region: str,
    code: str,
    day: dt.date,
    off: str,
    number: int,
) -> Race:
    kind = _type(rng, code, last=number == meeting.races - 1)
    title = rng.choice(FLAT_KINDS if code == "flat" else KINDS[kind])
    band = _age_band(rng, code, day, title)
    level = 1 + int(6 * rng.random() ** 0.6)
    dist, furlongs = rng.choice(FLAT_DISTANCES if code == "flat" else JUMPS_DISTANCES)
    handicap = "Handicap" in title
    pattern = rng.choice(PATTERNS[code]) if level == 1 and not handicap else ""
    top = 110 - 10 * level
    row = {
        "date": day.isoformat(),
        "region": region.upper(),
        "course": meeting.course,
        "off": off,
        "race_name": f"{_sponsor(rng)} {title}" + (f" ({pattern})" if pattern else ""),
        "type": kind,
        "class": f"Class {level}" if region == "gb" else "",
        "pattern": pattern,
        "rating_band": f"{max(0, top - 20)}-{top}" if handicap else "",
        "age_band": band[0],
        "sex_rest": rng.choice(("", "", "", "", "", "F", "F & M")),
        "dist": dist,
        "dist_f": f"{furlongs}",
        "dist_m": f"{furlongs * METRES_A_FURLONG:.0f}",
        "going": meeting.going,
        "surface": meeting.surface,
        "ran": "",
    }
    row["race_key"] = layout.race_key(row)
    return Race(row, meeting, band[1:], furlongs, PRIZES[level], handicap)


def _type(rng: random.Random, code: str, *, last: bool) -> str:
    if code == "flat":
        return "Flat"
    if last and rng.random() < 0.6:
        return "NH Flat"
    return "Hurdle" if rng.random() < 0.55 else "Chase"


def _age_band(rng: random.Random, code: str, day: dt.date, title: str) -> tuple[str, int, int]:
    if title.startswith("Juvenile"):
        return JUVENILES
    if "National Hunt" in title or "Bumper" in title:
        return BUMPERS
    bands = AGE_BANDS[code]
    return rng.choice(bands[1:] if code == "flat" and day.month < TWO_YEAR_OLDS_FROM else bands)


def _sponsor(rng: random.Random) -> str:
    return f"{rng.choice(names.ADJECTIVES)} {rng.choice(names.NOUNS)}"
