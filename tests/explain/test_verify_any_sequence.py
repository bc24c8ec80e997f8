"""Whatever was loaded in whatever order: `verify` never cries wolf, and no changed cell escapes."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import sql

from giddyup_watch.demo import edits
from giddyup_watch.model import Rules, SegmentKey
from tests.explain.proving import prove, proven_both_ways
from tests.ingest.conftest import FLAT, SMALL, Bench, emptied
from tests.ingest.test_any_sequence_shared import FOLDERS, LOAD, VERSION, Tree, load, write

pytestmark = pytest.mark.long

RULES = (
    Rules(),
    Rules(shrink_guard_percent=100, reject_budget_percent=100),
    Rules(shrink_guard_percent=100, reject_budget_percent=100, vanished_rows="keep"),
)


@settings(
    max_examples=settings().max_examples * 2 // 3,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    versions=st.lists(
        st.tuples(VERSION, st.lists(LOAD, min_size=1, max_size=4)), min_size=1, max_size=3
    ),
    rules=st.sampled_from(RULES),
)
def test_no_sequence_of_versions_is_different(
    bench: Bench, versions: list[tuple[Tree, list[dict[str, Any]]]], rules: Rules
) -> None:
    bench.rules = rules
    with emptied(bench):
        for tree, loads in versions:
            write(bench, tree)
            assert findings(bench) == []
            for how in loads:
                load(bench, trigger="cli", **how)
                assert findings(bench) == []
        settle(bench)
        assert findings(bench, "behind", "different") == []


def findings(bench: Bench, *bad: str) -> list[str]:
    """What is said of days with these results, of all folders."""
    return [
        f"{proof.key} {day.day} {day.result}: {day.finding}"
        for proof in proven_both_ways(bench, FOLDERS)
        for day in proof.days
        if day.result in (bad or ("different",))
    ]


def settle(bench: Bench) -> None:
    """Load until nothing is due, as the daemon does: what is held stays held."""
    queue: list[SegmentKey] = list(FOLDERS)
    for _ in range(30):
        if not queue:
            return
        queue += load(bench, queue.pop(0)).also
    raise AssertionError("the segments hand a race to each other for ever")


#: Values that a cell does not have, by its type, made from the one that it has.
Other = Callable[[Any], Any]
OTHERS: dict[str, tuple[Other, ...]] = {
    "text": (
        lambda old: None if old else "x",
        lambda old: (old or "") + "x",
        lambda old: "" if old else " ",
    ),
    "int4": (lambda old: None if old else 1, lambda old: (old or 0) + 1),
    "int8": (lambda old: None if old else 1, lambda old: old % 2 + 1 if old else 2),
    "float8": (
        lambda old: None if old else 2.5,
        lambda old: math.nextafter(old, math.inf) if old else 1.5,
    ),
    "time": (lambda old: None if old else "12:00", lambda old: "0:00" if old else "1:00"),
}
#: Ids that the database gives; the date picks the partition.
NOT_OURS = {"races": ["race_id", "race_date"], "runners": ["runner_id", "race_date"]}


@settings(
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(table=st.sampled_from(["races", "runners"]), pick=st.tuples(*[st.integers(0, 10**6)] * 3))
def test_no_changed_cell_escapes(bench: Bench, table: str, pick: tuple[int, int, int]) -> None:
    if not bench.keys():
        card = SMALL.month(FLAT)
        edits.drop_races(card, {r["race_key"] for r in card.races if r["date"] > card.days[1]})
        bench.put(FLAT, card)
        bench.load(FLAT)
    columns = ours(bench, table)
    column, kind = columns[pick[0] % len(columns)]
    row_id = table.removesuffix("s") + "_id"
    rows = bench.rows(f"SELECT {row_id} FROM racing.{table} ORDER BY 1")
    (number,) = rows[pick[1] % len(rows)]
    where = sql.SQL("WHERE {} = {}").format(sql.Identifier(row_id), number)
    names = sql.Identifier("racing", table), sql.Identifier(column)
    (old,) = bench.conn.execute(sql.SQL("SELECT {1} FROM {0} ").format(*names) + where).fetchall()[
        0
    ]
    others = OTHERS[kind]
    new = others[pick[2] % len(others)](old)
    write_cell = (sql.SQL("UPDATE {} SET {} = %s ").format(*names) + where).as_string()
    if new is None and not nullable(bench, table, column):
        new = others[1](old)
    bench.alter(write_cell, new)
    proof = prove(bench)
    bench.alter(write_cell, old)
    assert proof.result == "different", (column, old, new)
    assert prove(bench).result == "equal"


def ours(bench: Bench, table: str) -> list[tuple[str, str]]:
    """Name and type of each column that the files decide."""
    return bench.rows(
        "SELECT a.attname, t.typname"
        " FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid"
        " WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped"
        " AND a.attgenerated = '' AND a.attname <> ALL(%s) ORDER BY a.attnum",
        f"racing.{table}",
        NOT_OURS[table],
    )


def nullable(bench: Bench, table: str, column: str) -> bool:
    found: bool = bench.value(
        "SELECT NOT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        f"racing.{table}",
        column,
    )
    return found
