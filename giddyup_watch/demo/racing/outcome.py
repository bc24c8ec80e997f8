"""What becomes of a field: the order it finishes in, and the prices it was offered at."""

import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from giddyup_watch.demo.racing.races import Race
from giddyup_watch.demo.racing.stable import Horse

NON_RUNNER_SHARE = 0.004
FAILED = ("PU", "PU", "PU", "F", "UR", "BD", "RO", "SU", "REF", "CO")
FAILED_SHARE = {"Flat": 0.002, "NH Flat": 0.01, "Hurdle": 0.08, "Chase": 0.14}
SECONDS_A_FURLONG = {"Flat": 12.2, "NH Flat": 14.3, "Hurdle": 14.8, "Chase": 15.3}
SLOWER = {"Heavy": 0.9, "Soft To Heavy": 0.75, "Soft": 0.6, "Good To Soft": 0.3}  # a furlong
LENGTHS_A_SECOND = 5.5
#: Distances between two finishers, in lengths: a nose, a head, and further.
GAPS = (0.05, 0.1, 0.2, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.5, 6.0, 9.0, 17.0)
PLACES = 3

NO_BETFAIR_SHARE = 0.03
LOWEST_PRICE, HIGHEST_PRICE = 1.01, 1000.0
STRENGTH_IN_PRICE = 0.9  # how sure the market is of the better horse


class Entry(NamedTuple):
    """A horse in a race: `strength` makes its price, with the day's `luck` also its place."""

    horse: Horse
    age: int
    num: str
    draw: str
    strength: float
    luck: float


class Result(NamedTuple):
    """`place` is 0 for a horse that did not finish; the rest is the cells' text."""

    place: int
    pos: str
    ovr_btn: str = ""
    btn: str = ""
    time: str = ""
    secs: str = ""


def finish(rng: random.Random, race: Race, entries: Sequence[Entry]) -> list[Result]:
    """The result of each entry, in their order; the best of them always finishes."""
    ranked = sorted(range(len(entries)), key=lambda i: -entries[i].strength - entries[i].luck)
    results = [Result(0, "")] * len(entries)
    seconds = _winning_time(rng, race)
    place, behind = 0, 0.0
    for number in ranked:
        failure = _failure(rng, race.row["type"]) if place else ""
        if failure:
            results[number] = Result(0, failure)
            continue
        gap = GAPS[int(rng.random() * len(GAPS))] if place else 0.0
        behind += gap
        place += 1
        secs = seconds + behind / LENGTHS_A_SECOND
        results[number] = Result(
            place, str(place), f"{behind:.2f}", f"{gap:.2f}", clock(secs), f"{secs:.2f}"
        )
    return results


def clock(seconds: float) -> str:
    """`1:12.35`; without minutes below one."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}:{rest:05.2f}" if minutes else f"{rest:.2f}"


def _winning_time(rng: random.Random, race: Race) -> float:
    furlong = SECONDS_A_FURLONG[race.row["type"]] + SLOWER.get(race.row["going"], 0.0)
    return race.furlongs * (furlong + 0.4 * rng.random())


def _failure(rng: random.Random, kind: str) -> str:
    chance = rng.random()
    if chance < NON_RUNNER_SHARE:
        return "NR"
    if chance < NON_RUNNER_SHARE + FAILED_SHARE[kind]:
        return FAILED[int(rng.random() * len(FAILED))]
    return ""


def odds(entries: Sequence[Entry]) -> list[float]:
    """A fair price each, before the market moves."""
    weights = [math.exp(STRENGTH_IN_PRICE * entry.strength) for entry in entries]
    whole = sum(weights)
    return [whole / weight for weight in weights]


def win_cells(rnd: Callable[[], float], price: float, result: Result) -> tuple[str, ...]:
    """The eleven `win_` cells; empty for non-runners and what Betfair did not match."""
    if result.pos == "NR" or rnd() < NO_BETFAIR_SHARE:
        return ("",) * 11
    return _market(rnd, price, won=result.place == 1, money=180_000.0)


def place_cells(rnd: Callable[[], float], price: float, result: Result) -> tuple[str, ...]:
    """The eleven `place_` cells, at about a quarter of the odds."""
    if result.pos == "NR" or rnd() < NO_BETFAIR_SHARE:
        return ("",) * 11
    placed = 0 < result.place <= PLACES
    return _market(rnd, 1.0 + (price - 1.0) / 4, won=placed, money=30_000.0)


def _market(rnd: Callable[[], float], price: float, *, won: bool, money: float) -> tuple[str, ...]:
    start = limited(price * (0.85 + 0.3 * rnd()))
    volume = money * rnd() / start
    return (
        f"{start:.2f}",
        f"{limited(start * (0.95 + 0.1 * rnd())):.2f}",
        f"{limited(start * (0.8 + 0.4 * rnd())):.2f}",
        f"{limited(start * (1.1 + 0.4 * rnd())):.2f}",
        f"{limited(start * (0.6 + 0.3 * rnd())):.2f}",
        f"{limited(start * (1.2 + 9 * rnd())):.2f}",
        "1.01" if won else f"{limited(start * (0.2 + 0.7 * rnd())):.2f}",
        f"{volume * 0.1:.2f}",
        f"{volume:.2f}",
        f"{volume * (0.3 + rnd()):.2f}",
        "1" if won else "0",
    )


def limited(price: float) -> float:
    return min(max(price, LOWEST_PRICE), HIGHEST_PRICE)
