"""The horses of the world, who trains, owns and rides them, and who bred them."""

import random
from typing import NamedTuple

from giddyup_watch.demo.racing import names

#: Share of a crop still in training at each age: careers end, and favourites stay for years.
FLAT_AGES = {2: 1.0, 3: 0.9, 4: 0.6, 5: 0.4, 6: 0.25, 7: 0.15, 8: 0.1, 9: 0.06}
JUMPS_AGES = {4: 0.7, 5: 1.0, 6: 1.0, 7: 0.9, 8: 0.7, 9: 0.5, 10: 0.3, 11: 0.2, 12: 0.1}

#: Foals a year and region, at volume 1: 155,000 horses in twenty years, as the real database has.
CROP = {"gb": 4_000, "ire": 1_050}
#: Shares of a crop that run on the flat and over jumps; what they exceed one by does both.
FLAT_SHARE, JUMPS_SHARE = 0.75, 0.35
#: A small world still needs enough horses for the busiest day of one age group.
SMALLEST_CROP = 1_200
FIRST_CROP, CROPS = 1990, 64  # a horse foaled CROPS years later may get an earlier one's name

TRAINERS, OWNERS, JOCKEYS, SIRES, DAMS = 900, 20_000, 420, 600, 40_000
BRED_IN = ("(IRE)",) * 9 + ("(GB)",) * 6 + ("(FR)",) * 3 + ("(USA)", "(GER)")


class Horse(NamedTuple):
    """What stays with a horse all its life."""

    name: str
    sire: str
    dam: str
    damsire: str
    owner: str
    trainer: str
    jockey: str
    filly: bool
    gelded: bool
    ability: float


class Stable:
    """Horses by region, year of birth and number, made when first asked for."""

    def __init__(self, seed: int, volume: float) -> None:
        self._seed = seed
        self._volume = volume
        self._horses: dict[tuple[str, int, int], Horse] = {}
        self._people = (seed * 7_919) % 50_000

    def crop(self, region: str) -> int:
        return max(SMALLEST_CROP, round(CROP[region] * self._volume))

    def pick(self, chance: float, region: str, code: str, age: int) -> int:
        """The number of a horse of that age in training; `chance` is in [0, 1)."""
        crop = self.crop(region)
        if code == "flat":
            return int(chance * crop * FLAT_SHARE * FLAT_AGES[age])
        return crop - 1 - int(chance * crop * JUMPS_SHARE * JUMPS_AGES[age])

    def horse(self, region: str, foaled: int, number: int) -> Horse:
        key = (region, foaled, number)
        found = self._horses.get(key)
        if found is None:
            found = self._horses[key] = self._make(key)
        return found

    def rider(self, chance: float) -> str:
        """Any jockey of the weighing room; a horse's own is in `Horse.jockey`."""
        return names.person(self._people + int(chance * JOCKEYS))

    def _make(self, key: tuple[str, int, int]) -> Horse:
        region, foaled, number = key
        rng = random.Random(f"{self._seed}/{region}/{foaled}/{number}")
        crops = (foaled - FIRST_CROP) % CROPS * len(CROP) + list(CROP).index(region)
        people = self._people
        sire, dam = rng.randrange(SIRES), SIRES + rng.randrange(DAMS)
        return Horse(
            name=f"{names.horse(crops * self.crop('gb') + number)} {rng.choice(BRED_IN)}",
            sire=_parent(sire),
            dam=_parent(dam),
            damsire=_parent(dam * 31 % SIRES),
            owner=names.owner(people + rng.randrange(OWNERS)),
            trainer=names.person(people + JOCKEYS + rng.randrange(TRAINERS)),
            jockey=names.person(people + rng.randrange(JOCKEYS)),
            filly=rng.random() < 0.45,
            gelded=rng.random() < 0.6,
            ability=rng.gauss(0.0, 1.0),
        )


def _parent(number: int) -> str:
    return f"{names.parent(number)} {BRED_IN[number % len(BRED_IN)]}"
