"""Folders that share races and runners, and come and go: any sequence ends like its last version.

Few keys, so that nearly every example has a race in two folders and a runner in two races.
"""

import datetime as dt
import shutil
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.ingest import reconcile
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.model import Rules, SegmentKey
from giddyup_watch.source import content, snapshot
from giddyup_watch.store import connection, ledger
from tests import comparison
from tests.ingest.conftest import DAY, FLAT, JUMPS, NEXT_DAY, Bench, emptied, race, together

pytestmark = pytest.mark.long

HURDLE = SegmentKey("gb", "hurdle", FLAT.month)
FOLDERS = (FLAT, HURDLE, JUMPS)

RACE = st.builds(
    race,
    st.sampled_from(["r1", "r2", "r3"]),
    st.text("abcd", min_size=1, max_size=3),
    kind=st.sampled_from(["Flat", "Hurdle", "Chase"]),
    day=st.sampled_from([DAY, DAY, NEXT_DAY]),
    going=st.sampled_from(["Good", "Soft"]),
)
#: Lines that are rejected, with a date and without.
SPOILT = st.builds(race, st.just("bad"), st.just("a"), course=st.just(""))
STRAY = st.just(Card([], race("nobody", "z").runners))
LINES = st.one_of(RACE, RACE, RACE, SPOILT, STRAY)


def folder(part: st.SearchStrategy[Card]) -> st.SearchStrategy[Card | None]:
    """What a folder holds; once in a while it is not there."""
    cards = st.lists(part, min_size=1, max_size=4).map(lambda cards: together(*cards))
    return st.one_of(cards, cards, cards, st.none())


#: How a folder is loaded: all or one of its days, forced, with holds lifted.
LOAD = st.fixed_dictionaries(
    {"key": st.sampled_from(FOLDERS)},
    optional={
        "days": st.sampled_from([[dt.date.fromisoformat(DAY)], [dt.date.fromisoformat(NEXT_DAY)]]),
        "force": st.booleans(),
        "accept": st.sampled_from([["shrink"], ["rejects"], ["shrink", "rejects"]]),
    },
)
#: Once in a while somebody wants a day loaded again, and deletes its rows to say so.
STRUCK = st.sampled_from(["", "", DAY, NEXT_DAY])
Tree = Mapping[SegmentKey, Card | None]
VERSION = st.fixed_dictionaries(dict.fromkeys(FOLDERS, folder(LINES)))
LAST = st.fixed_dictionaries(dict.fromkeys(FOLDERS, folder(RACE)))


@settings(
    max_examples=settings().max_examples // 2,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    versions=st.lists(
        st.tuples(VERSION, st.lists(LOAD, min_size=1, max_size=4), STRUCK), min_size=1, max_size=3
    ),
    last=LAST,
    struck=STRUCK,
    order=st.permutations(FOLDERS),
    rules=st.sampled_from([Rules(), Rules(shrink_guard_percent=100, reject_budget_percent=100)]),
)
def test_folders_that_share_races_end_like_the_last_version_alone(
    bench: Bench,
    database: str,
    second_database: str,
    versions: list[tuple[Tree, list[dict[str, Any]], str]],
    last: Tree,
    struck: str,
    order: list[SegmentKey],
    rules: Rules,
) -> None:
    bench.rules = rules
    with emptied(bench):
        for tree, loads, gone in versions:
            write(bench, tree)
            for how in loads:
                load(bench, trigger="cli", **how)
            strike(bench, gone)
        write(bench, last)
        settle(bench, order)
        strike(bench, struck)
        settle(bench, order)
        with (
            closing(connection.connect(second_database, application_name="clean")) as conn,
            emptied(Bench(conn, bench.master, rules)) as clean,
        ):
            settle(clean, [key for key in FOLDERS if last[key] is not None])
            found = comparison.difference(database, second_database)
        # That a folder was there once is remembered, and what was accepted of a day.
        known = ("ledger_segments", "only in the first"), ("ledger_days", "accepted")
        assert [line for line in found if not any(a in line and b in line for a, b in known)] == []


def write(bench: Bench, tree: Tree) -> None:
    for key, card in tree.items():
        if card is None:
            shutil.rmtree(bench.master / str(key), ignore_errors=True)
        else:
            bench.put(key, card)


def strike(bench: Bench, day: str) -> None:
    """Delete what there is of a day, as users of the system before this one do."""
    if day:
        for place in ("runners WHERE race_date", "races WHERE race_date", "ingested_days WHERE d"):
            bench.conn.execute(f"DELETE FROM racing.{place} = %s".encode(), (day,))


def load(bench: Bench, key: SegmentKey, **how: Any) -> Outcome:
    """Load, and hold the outcome to what every load has to be."""
    outcome = bench.load(key, **how)
    assert outcome.result in ("loaded", "unchanged", "held", "absent"), outcome
    if outcome.effects.bytes and not how.get("days"):
        lines = content.parse(snapshot.read(bench.master, key)).lines
        counted = {"races": outcome.effects.races.read, "runners": outcome.effects.runners.read}
        assert counted == lines
    return outcome


def settle(bench: Bench, order: list[SegmentKey]) -> None:
    """Load with every hold lifted until nothing is due; then there is nothing to do."""
    queue = list(order)
    for _ in range(30):
        if not queue:
            break
        everything = ["shrink", "rejects", "columns"]
        queue += load(bench, queue.pop(0), trigger="cli", accept=everything).also
    assert not queue, "the segments hand a race to each other for ever"
    outcomes = [load(bench, key) for key in order]
    assert {outcome.result for outcome in outcomes} <= {"unchanged", "absent"}
    on_disk = [key for key in order if (bench.master / str(key)).exists()]
    known = ledger.fetch_segments(bench.conn)
    remembered = {key: row.fingerprint for key, row in known.items()}
    assert reconcile.due(bench.conn, on_disk, remembered, bench.rules) == set()
