"""Where and when there is racing: the courses, and how busy each month and day is."""

import datetime as dt
import functools
import math
import random
import zlib
from typing import NamedTuple

#: Courses by region and code. One in both lists races under one code a day, never under both.
COURSES: dict[tuple[str, str], tuple[str, ...]] = {
    ("gb", "flat"): (
        "Ascot", "Ayr", "Bath", "Beverley", "Brighton", "Carlisle", "Catterick",
        "Chelmsford (AW)", "Chepstow", "Chester", "Doncaster", "Epsom Downs", "Goodwood",
        "Hamilton", "Haydock", "Kempton (AW)", "Leicester", "Lingfield (AW)", "Musselburgh",
        "Newbury", "Newcastle (AW)", "Newmarket", "Newmarket (July)", "Nottingham",
        "Pontefract", "Redcar", "Ripon", "Salisbury", "Sandown", "Southwell (AW)", "Thirsk",
        "Windsor", "Wolverhampton (AW)", "Yarmouth", "York",
    ),
    ("gb", "jumps"): (
        "Aintree", "Ascot", "Ayr", "Bangor-on-Dee", "Carlisle", "Cartmel", "Catterick",
        "Cheltenham", "Chepstow", "Doncaster", "Exeter", "Fakenham", "Ffos Las", "Fontwell",
        "Haydock", "Hereford", "Hexham", "Huntingdon", "Kelso", "Kempton", "Leicester",
        "Lingfield", "Ludlow", "Market Rasen", "Musselburgh", "Newbury", "Newcastle",
        "Newton Abbot", "Perth", "Plumpton", "Sandown", "Sedgefield", "Southwell", "Stratford",
        "Taunton", "Uttoxeter", "Warwick", "Wetherby", "Wincanton", "Worcester",
    ),
    ("ire", "flat"): (
        "Bellewstown", "Cork", "Curragh", "Down Royal", "Dundalk (AW)", "Fairyhouse", "Galway",
        "Gowran Park", "Killarney", "Laytown", "Leopardstown", "Listowel", "Naas", "Navan",
        "Roscommon", "Sligo", "Tipperary",
    ),
    ("ire", "jumps"): (
        "Ballinrobe", "Clonmel", "Cork", "Down Royal", "Downpatrick", "Fairyhouse", "Galway",
        "Gowran Park", "Kilbeggan", "Killarney", "Leopardstown", "Limerick", "Listowel", "Naas",
        "Navan", "Punchestown", "Thurles", "Tramore", "Wexford", "Wexford (RH)",
    ),
}  # fmt: skip

#: Races a month, January first, at volume 1: 8,780 a year, GB flat at its busiest in July.
RACES: dict[tuple[str, str], tuple[int, ...]] = {
    ("gb", "flat"): (190, 180, 220, 350, 560, 700, 850, 780, 560, 420, 230, 200),
    ("gb", "jumps"): (260, 250, 270, 220, 140, 60, 60, 60, 70, 190, 280, 260),
    ("ire", "flat"): (0, 0, 40, 80, 120, 130, 140, 130, 100, 70, 20, 0),
    ("ire", "jumps"): (70, 60, 60, 60, 50, 25, 35, 30, 25, 50, 65, 65),
}

WEEKDAYS = (0.8, 0.85, 0.95, 0.95, 1.1, 1.6, 0.75)  # Monday first
BOXING_DAY = 3.0  # times a usual day, over jumps
RACES_A_MEETING = (6, 7, 8)


class Meeting(NamedTuple):
    """One course's card on one day; `start` in minutes after midnight, local."""

    course: str
    start: int
    interval: int
    races: int
    going: str

    @property
    def surface(self) -> str:
        return "AW" if self.course.endswith("(AW)") else "Turf"


def meetings(seed: int, volume: float, region: str, code: str, day: dt.date) -> list[Meeting]:
    """Fixtures of the day; none on blank days. Every month with races has at least one."""
    courses = _open_courses(region, code, day)
    count = min(_fixtures(seed, volume, region, code, day), len(courses))
    rng = random.Random(f"{seed}/fixtures/{region}/{code}/{day}")
    return [_meeting(rng, course, code, day) for course in rng.sample(courses, count)]


def _meeting(rng: random.Random, course: str, code: str, day: dt.date) -> Meeting:
    interval = rng.choice((30, 35))
    races = rng.choice(RACES_A_MEETING)
    if rng.random() < 0.03:
        start = rng.choice((640, 660, 685, 700))
    elif day.month in (5, 6, 7, 8, 9) or course.endswith("(AW)"):
        start = rng.choice((805, 830, 840, 850, 870, 1020, 1040, 1055))
    else:
        start = rng.choice((725, 740, 750, 770, 790))
    return Meeting(course, start, interval, races, _going(rng, course, code, day))


def _going(rng: random.Random, course: str, code: str, day: dt.date) -> str:
    if course.endswith("(AW)"):
        return rng.choice(("Standard", "Standard", "Standard To Slow"))
    if day.month in (11, 12, 1, 2, 3):
        return rng.choice(("Soft", "Heavy", "Good To Soft", "Soft To Heavy"))
    firm = ("Good To Firm",) if code == "flat" else ("Good To Soft",)
    return rng.choice(("Good", "Good", "Good To Firm", "Yielding", *firm))


@functools.cache
def _bare(course: str) -> str:
    return course.partition(" (")[0]


@functools.cache
def _shared(region: str) -> frozenset[str]:
    flat, jumps = ({_bare(c) for c in COURSES[region, code]} for code in ("flat", "jumps"))
    return frozenset(flat & jumps)


def _open_courses(region: str, code: str, day: dt.date) -> list[str]:
    winter_flat = code == "flat" and day.month in (11, 12, 1, 2, 3)
    return [
        course
        for course in COURSES[region, code]
        if (course.endswith("(AW)") or not winter_flat)
        and (_bare(course) not in _shared(region) or _turn(course, day) == code)
    ]


def _turn(course: str, day: dt.date) -> str:
    """The code that a shared course races under that day."""
    odd = (zlib.crc32(_bare(course).encode()) + day.toordinal()) % 2
    return "flat" if odd else "jumps"


def _fixtures(seed: int, volume: float, region: str, code: str, day: dt.date) -> int:
    """The month's fixtures spread over its days by weight: the sum is right in every month."""
    races = RACES[region, code][day.month - 1]
    if not races:
        return 0
    shares = _shares(code, day.year, day.month)
    total = max(1.0, races * volume / (sum(RACES_A_MEETING) / len(RACES_A_MEETING)))
    phase = random.Random(f"{seed}/phase/{region}/{code}/{day:%Y-%m}").random()
    before, after = shares[day.day - 1], shares[day.day]
    return math.floor(total * after + phase) - math.floor(total * before + phase)


@functools.cache
def _shares(code: str, year: int, month: int) -> tuple[float, ...]:
    """Share of the month's racing that is over by the end of each day; [0] is 0, the last 1."""
    first = dt.date(year, month, 1)
    length = ((first + dt.timedelta(days=31)).replace(day=1) - first).days
    weights = [_weight(code, dt.date(year, month, d + 1)) for d in range(length)]
    whole = sum(weights)
    shares = [sum(weights[:d]) / whole for d in range(length)]
    return (*shares, 1.0)


def _weight(code: str, day: dt.date) -> float:
    if (day.month, day.day) in ((12, 24), (12, 25)):
        return 0.0
    if code == "jumps" and (day.month, day.day) == (12, 26):
        return BOXING_DAY
    return WEEKDAYS[day.weekday()]
