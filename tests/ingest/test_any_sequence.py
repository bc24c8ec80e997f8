"""Any sequence of versions of the tree ends equal to loading the last one from nothing."""

import copy
from contextlib import closing

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from giddyup_watch.demo import edits
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.model import Rules, SegmentKey
from giddyup_watch.store import connection
from tests import comparison
from tests.ingest.conftest import FLAT, JUMPS, Bench, emptied

pytestmark = pytest.mark.long

TINY = World(seed=3, volume=0.04)
#: Nothing is held: a hold is the one way in which the database may differ, and says so.
OPEN = Rules(shrink_guard_percent=100, reject_budget_percent=100)

EDITS = ("correct", "withdraw", "drop race", "misfile", "unfile", "retype", "spoil", "restore")
#: What a version does to the tree, each with a number that picks its victim.
VERSION = st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 50)), min_size=1, max_size=3)
#: Which segments are loaded after it, in which order.
LOADS = st.lists(st.sampled_from([FLAT, JUMPS]), max_size=3)

Tree = dict[SegmentKey, Card]


def originals() -> Tree:
    return {key: TINY.month(key) for key in (FLAT, JUMPS)}


def change(tree: Tree, kind: str, number: int) -> None:
    """Change the tree; what would leave a day without races is left out: that is absent."""
    flat, jumps = tree[FLAT], tree[JUMPS]
    card = (flat, jumps)[number % 2]
    race = card.races[number % len(card.races)]
    if kind == "correct":
        race["going"] = f"Going {number}"
    elif kind == "withdraw" and len(edits.field_of(card, race["race_key"])) > 1:
        edits.withdraw_runner(card, edits.field_of(card, race["race_key"])[0]["runner_key"])
    elif kind == "drop race" and sum(r["date"] == race["date"] for r in card.races) > 1:
        edits.drop_races(card, [race["race_key"]])
    elif kind == "misfile" and not holds(flat, jumps.races[0]["race_key"]):
        stray = copy.deepcopy(edits.part(jumps, [jumps.races[0]["race_key"]]))
        stray.runners = stray.runners[: number % 5 + 1]
        flat.extend(stray)
    elif kind == "unfile":
        edits.drop_races(flat, [r["race_key"] for r in flat.races if r["type"] != "Flat"])
    elif kind == "retype":
        race["type"] = ("Hurdle", "Flat", "Chase")[number % 3]
    elif kind == "spoil":
        card.races.insert(1, dict(race, race_key=f"spoilt-{number}", course=""))
    elif kind == "restore":
        tree.update(originals())


def holds(card: Card, race_key: str) -> bool:
    return any(race["race_key"] == race_key for race in card.races)


@settings(
    max_examples=settings().max_examples // 6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    versions=st.lists(st.tuples(VERSION, LOADS), min_size=1, max_size=5),
    last=st.permutations([FLAT, JUMPS]),
)
def test_any_sequence_of_versions_ends_like_the_last_one_alone(
    bench: Bench,
    database: str,
    second_database: str,
    versions: list[tuple[list[tuple[str, int]], list[SegmentKey]]],
    last: list[SegmentKey],
) -> None:
    bench.rules = OPEN
    tree = originals()
    with emptied(bench):
        for edits_made, loads in versions:
            for kind, number in edits_made:
                change(tree, kind, number)
            for key, card in tree.items():
                bench.put(key, card)
            for key in loads:
                bench.load(key)
        for key, card in tree.items():
            # From a day with a rejected line nothing is deleted, so the last version has none.
            card.races = [race for race in card.races if race["course"]]
            bench.put(key, card)
        settle(bench, last)
        with (
            closing(connection.connect(second_database, application_name="clean")) as conn,
            emptied(Bench(conn, bench.master, OPEN)) as clean,
        ):
            settle(clean, [FLAT, JUMPS])
        assert comparison.difference(database, second_database) == []


def settle(bench: Bench, order: list[SegmentKey]) -> None:
    """Load until nothing is due: a race that passes on makes its heir due.

    What vanished whole is given up, in both databases alike: it would stay.
    """
    queue = list(order)
    for _ in range(10):
        if not queue:
            return
        outcome = bench.load(queue.pop(0), trigger="cli", accept=["shrink"])
        assert outcome.result in ("loaded", "unchanged"), outcome
        queue += outcome.also
    raise AssertionError("the segments hand a race to each other for ever")
