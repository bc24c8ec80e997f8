# ruff: noqa: SIM905 - a header reads best as the line it is
"""Headers of the three CSV files, and the keys in them, as their writers have them."""

import functools
import hashlib
import re
import unicodedata

Row = dict[str, str]
#: A row with this column is written as that text, whatever else it has: for lines no CSV
#: writer would make.
RAW = "raw line"

RACES = tuple(
    "date region course off race_name type class pattern rating_band age_band sex_rest dist dist_f"
    " dist_m going surface ran race_key".split()
)

_PRICES = "bsp ppwap morningwap ppmax ppmin ipmax ipmin morning_vol pre_vol ip_vol".split()
WIN = (*(f"win_{name}" for name in _PRICES), "win_lose")
PLACE = (*(f"place_{name}" for name in _PRICES), "place_win_lose")
MATCH = ("match_jaccard", "match_time_diff_min", "match_reason")

RUNNERS = (
    *"race_key num pos draw ovr_btn btn horse age sex lbs hg time secs dec jockey trainer".split(),
    *"prize prize_raw or rpr sire dam damsire owner comment".split(),
    *WIN,
    *PLACE,
    "runner_key",
    *MATCH,
)

#: The second writer's header: fewer columns, in another order.
SHORT_RUNNERS = tuple(
    "runner_key race_key num pos draw horse age jockey trainer lbs or rpr sp comment win_bsp"
    " win_ppwap place_bsp place_ppwap match_jaccard match_time_diff_min match_reason".split()
)

UNMATCHED = tuple("date off event_name best_jaccard time_diff_min candidate_count reason".split())

#: What a runner's row has only once its race is run.
RESULT = (
    *"pos ovr_btn btn time secs dec prize prize_raw rpr comment".split(),
    *WIN,
    *PLACE,
    *MATCH,
)

_COUNTRY = re.compile(r"\s*\([a-z]{2,3}\)$")
_NOT_WORDS = re.compile(r"[^a-z0-9]+")


@functools.lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Lower case, no accents, no country at the end, words apart by one space."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_WORDS.sub(" ", _COUNTRY.sub("", bare)).strip()


def race_key(row: Row) -> str:
    return hashlib.md5(_identity(row, pad=True).encode(), usedforsecurity=False).hexdigest()


def plain_race_key(row: Row) -> str:
    """The older writer's key: the same parts, readable."""
    return _identity(row, pad=False)


def runner_key(race_key: str, horse: str, num: str) -> str:
    text = f"{race_key}|{plain(horse)}|{num}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _identity(row: dict[str, str], *, pad: bool) -> str:
    off = row["off"].zfill(5) if pad else row["off"]
    words = (plain(row["race_name"]), plain(row["type"]))
    place = (plain(row["region"]), plain(row["course"]))
    return "|".join((row["date"], *place, off, *words))
