"""Whatever changes the facts, the tables in place of views show what their definitions give."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from giddyup_watch.derived import changeover, upkeep
from giddyup_watch.store import upkeep as kept
from giddyup_watch.store.connection import Connection
from tests.conftest import LOCK_ID
from tests.derived.conftest import differing
from tests.ingest.conftest import Bench, emptied
from tests.ingest.test_any_sequence import EDITS, OPEN, change, originals

pytestmark = pytest.mark.long

#: What others do to the facts; `n` picks the victim. A race and its runners may part.
OTHERS = {
    "price": "UPDATE racing.runners SET win_ppwap = 1.5 + %(n)s WHERE runner_id % 7 = %(n)s % 7",
    "comment": "UPDATE racing.runners SET comment = 'nobody shows this' || %(n)s",
    "result": "UPDATE racing.runners SET pos_raw = (runner_id % 9)::text WHERE num = %(n)s % 5",
    "no result": "UPDATE racing.runners SET pos_raw = NULL WHERE race_id % 5 = %(n)s % 5",
    "draw": "UPDATE racing.runners SET draw = %(n)s, win_flag = DEFAULT WHERE num = %(n)s % 9",
    "going": "UPDATE racing.races SET going = 'G', dist_f = 5 + %(n)s WHERE race_id % 3 = 0",
    "off": "UPDATE racing.races SET off_time = time '9:00' + nullif(%(n)s, 3) * interval '1 min'",
    "type": "UPDATE racing.races SET race_type = 'Flat', surface = NULL WHERE race_id % 4 = 1",
    "move race": (
        "UPDATE racing.races SET race_date = race_date + %(n)s - 20"
        " WHERE race_id = (SELECT min(race_id) + %(n)s % 4 FROM racing.races)"
    ),
    "move runners": (
        "UPDATE racing.runners SET race_date = race_date + %(n)s - 25"
        " WHERE race_id = (SELECT min(race_id) + %(n)s % 4 FROM racing.races)"
    ),
    "another race": (
        "UPDATE racing.runners SET race_id = (SELECT max(race_id) - %(n)s % 3 FROM racing.races)"
        " WHERE runner_id % 11 = %(n)s % 11 AND EXISTS (SELECT FROM racing.races)"
    ),
    "merge horses": (
        "UPDATE racing.runners SET horse_id = (SELECT min(horse_id) FROM racing.horses)"
        " WHERE horse_id % 6 = %(n)s % 6"
    ),
    "no horse": "UPDATE racing.runners SET horse_id = NULL WHERE runner_id % 13 = %(n)s % 13",
    "drop race": "DELETE FROM racing.races WHERE race_id % 10 = %(n)s % 10",
    "drop runners": "DELETE FROM racing.runners WHERE race_id % 10 = %(n)s % 10",
    "late race": (
        "WITH gone AS (DELETE FROM racing.races WHERE race_id % 8 = %(n)s % 8 RETURNING *)"
        " SELECT count(*) FROM gone"
    ),
    "insert": (
        "WITH race AS ("
        " INSERT INTO racing.races"
        " (race_key, race_date, region, race_name, race_type, ran, off_time, dist_f)"
        " SELECT gen_random_uuid()::text, date '2024-05-20' + %(n)s, 'GB', 'R', 'Flat', 1, NULL, 5"
        " RETURNING race_id, race_date)"
        " INSERT INTO racing.runners"
        " (runner_key, race_id, race_date, num, horse_id, pos_raw, draw)"
        " SELECT gen_random_uuid()::text, race_id, race_date, h.horse_id, h.horse_id, '1', 4"
        " FROM race CROSS JOIN (SELECT horse_id FROM racing.horses ORDER BY 1 LIMIT 9) AS h"
    ),
    "truncate runners": "TRUNCATE racing.runners",
    "truncate races": "TRUNCATE racing.races",
}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ours"), st.sampled_from(EDITS), st.integers(0, 50)),
        st.tuples(st.just("theirs"), st.sampled_from(sorted(OTHERS)), st.integers(0, 50)),
    ),
    min_size=1,
    max_size=8,
)


@contextmanager
def _kept_up(bench: Bench, owner: Connection) -> Iterator[None]:
    bench.rules = OPEN
    bench.keep_up = upkeep.keep_up
    for month in ("2024-04-01", "2024-05-01", "2024-06-01", "2024-07-01", "2024-08-01"):
        owner.execute("SELECT racing.ensure_month(%s)", (month,))
    changeover.run(bench.conn, LOCK_ID, as_tables=True)
    with emptied(bench):
        assert upkeep.work_off(bench.conn, LOCK_ID).error == ""
        yield


@settings(
    max_examples=settings().max_examples // 3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_tables_are_equal_to_their_definitions_after_each_step(
    bench: Bench,
    owner: Connection,
    definitions: dict[str, str],
    steps: list[tuple[str, str, int]],
) -> None:
    tree = originals()
    with _kept_up(bench, owner):
        for key, card in tree.items():
            bench.put(key, card)
            bench.load(key)
        assert kept.fetch(owner).races == 0
        assert differing(owner, definitions) == {}
        for whose, what, number in steps:
            if whose == "ours":
                change(tree, what, number)
                for key, card in tree.items():
                    bench.put(key, card)
                    assert bench.load(key, force=number % 2 == 0).result != "failed"
                assert kept.fetch(owner).races == 0
            else:
                owner.execute(OTHERS[what].replace("% ", "%% ").encode(), {"n": number})
                assert upkeep.work_off(bench.conn, LOCK_ID).error == ""
            assert differing(owner, definitions) == {}, (whose, what, number)
        assert not upkeep.compare(bench.conn, LOCK_ID)
