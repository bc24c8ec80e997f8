# ruff: noqa: RUF001 - the Racing Post writes these dashes
"""The field of a race: what the runners file says of each horse in it."""

import datetime as dt
import random

from giddyup_watch.demo.racing import layout, outcome
from giddyup_watch.demo.racing.layout import Row
from giddyup_watch.demo.racing.outcome import Entry, Result
from giddyup_watch.demo.racing.races import Race
from giddyup_watch.demo.racing.stable import FLAT_AGES, JUMPS_AGES, Horse, Stable

MISSING = ("", "-", "–")
MISSING_SHARE = 0.3  # of ratings, outside handicaps
BIG_FIELD_SHARE, BIG_FIELD = 0.03, 8  # these races have that many more runners
HEADGEAR = ("", "", "", "", "", "", "b", "p", "t", "h", "tp", "v1")
OWN_JOCKEY_SHARE = 0.7
#: The share of the winner's prize that the first four get.
PRIZE_SHARES = (1.0, 0.38, 0.19, 0.095)

STARTS = (
    "Tracked leaders", "Led", "Held up in rear", "Slowly away", "In touch", "Midfield",
    "Prominent", 'Reluctant to race, "not himself" said rider', "Chased leaders", "Keen hold",
    "Dwelt", "Raced wide", "Held up – no room", "Close up", "Always towards rear",
)  # fmt: skip
MIDDLES = (
    "headway over 2f out", "ridden and every chance 1f out", "pushed along before turn in",
    "not clear run approaching final furlong", "mistake - lost place", "hung left",
    "outpaced 3f out", "weakened", "driven along, stayed on", "jockey's whip dropped",
    "joined leader; soon ridden", "edged right", "bumped rival", "never dangerous",
)  # fmt: skip
ENDS = (
    "kept on well", "no extra inside final furlong", "eased", "ran on, nearest finish",
    "always held", "just failed", "won going away", "tailed off (vet reported: lost shoe)",
    "headed close home", "found little", "one pace", "plugged on",
)  # fmt: skip


class Field:
    """The horses of one region and code on one day: none runs twice."""

    def __init__(
        self, rng: random.Random, stable: Stable, region: str, code: str, day: dt.date
    ) -> None:
        self._rng = rng
        self._stable = stable
        self._region = region
        self._code = code
        self._year = day.year
        self._used: set[tuple[int, int]] = set()

    def run(self, race: Race) -> list[Row]:
        """Rows of the race's field, in racecard order, with its result."""
        rng = self._rng
        entries = self._entries(race)
        results = outcome.finish(rng, race, entries)
        prices = outcome.odds(entries)
        return [
            self._row(race, entry, result, price)
            for entry, result, price in zip(entries, results, prices, strict=True)
        ]

    def _entries(self, race: Race) -> list[Entry]:
        rnd = self._rng.random
        size = 4 + int(6.2 * (rnd() + rnd())) + (BIG_FIELD if rnd() < BIG_FIELD_SHARE else 0)
        curve = FLAT_AGES if self._code == "flat" else JUMPS_AGES
        low, high = race.ages
        ages = [age for age in curve if low <= age <= high]
        shares = [curve[age] for age in ages]
        draws = self._rng.sample(range(1, size + 1), size)
        entries = []
        for num, age in enumerate(self._rng.choices(ages, shares, k=size), start=1):
            horse = self._free(age)
            draw = str(draws[num - 1]) if self._code == "flat" else ""
            strength = horse.ability + 0.2 * rnd()
            entries.append(Entry(horse, age, str(num), draw, strength, luck=2.2 * rnd()))
        return entries

    def _free(self, age: int) -> Horse:
        """A horse of that age that has not run today."""
        foaled = self._year - age
        crop = self._stable.crop(self._region)
        number = self._stable.pick(self._rng.random(), self._region, self._code, age)
        while (foaled, number) in self._used:
            number = (number + 1) % crop
        self._used.add((foaled, number))
        return self._stable.horse(self._region, foaled, number)

    def _row(self, race: Race, entry: Entry, result: Result, price: float) -> Row:
        rnd = self._rng.random
        horse = entry.horse
        race_key = race.row["race_key"]
        rating = 60 + int(15 * entry.strength)
        own_jockey = rnd() < OWN_JOCKEY_SHARE
        prize, prize_raw = _prize(race, result, self._region)
        return {
            "race_key": race_key,
            "num": entry.num,
            "pos": result.pos,
            "draw": entry.draw,
            "ovr_btn": result.ovr_btn,
            "btn": result.btn,
            "horse": horse.name,
            "age": str(entry.age),
            "sex": _sex(horse, entry.age),
            "lbs": str(126 + int(14 * rnd()) + (28 if self._code == "jumps" else 0)),
            "hg": HEADGEAR[int(rnd() * len(HEADGEAR))],
            "time": result.time,
            "secs": result.secs,
            "dec": "" if result.pos == "NR" else f"{outcome.limited(price * 0.9):.2f}",
            "jockey": horse.jockey if own_jockey else self._stable.rider(rnd()),
            "trainer": horse.trainer,
            "prize": prize,
            "prize_raw": prize_raw,
            "or": _rating(rnd(), rating, race.handicap),
            "rpr": str(rating + int(12 * rnd())) if result.place else MISSING[int(3 * rnd())],
            "sire": horse.sire,
            "dam": horse.dam,
            "damsire": horse.damsire,
            "owner": horse.owner,
            "comment": self._comment(result),
            **dict(zip(layout.WIN, outcome.win_cells(rnd, price, result), strict=True)),
            **dict(zip(layout.PLACE, outcome.place_cells(rnd, price, result), strict=True)),
            "runner_key": layout.runner_key(race_key, horse.name, entry.num),
            "match_jaccard": "1.0",
            "match_time_diff_min": "0",
            "match_reason": "matched_successfully",
        }

    def _comment(self, result: Result) -> str:
        if result.pos == "NR":
            return "Withdrawn"
        rnd = self._rng.random
        start, middle = STARTS[int(rnd() * len(STARTS))], MIDDLES[int(rnd() * len(MIDDLES))]
        return f"{start}, {middle}, {ENDS[int(rnd() * len(ENDS))]}"


def _sex(horse: Horse, age: int) -> str:
    if horse.filly:
        return "F" if age < 5 else "M"
    if horse.gelded and age > 2:
        return "G"
    return "C" if age < 5 else "H"


def _rating(chance: float, rating: int, handicap: bool) -> str:
    if handicap or chance > MISSING_SHARE:
        return str(rating)
    return MISSING[int(chance / MISSING_SHARE * len(MISSING))]


def _prize(race: Race, result: Result, region: str) -> tuple[str, str]:
    """As a number, and as the Racing Post prints it."""
    if not 0 < result.place <= len(PRIZE_SHARES):
        return "", ""
    money = race.prize * PRIZE_SHARES[result.place - 1]
    return f"{money:.2f}", f"{'€' if region == 'ire' else '£'}{money:,.2f}"
