"""Generated months that are loaded as they should be: no check on race rows has a word to say."""

import datetime as dt
from pathlib import Path

import pytest

from giddyup_watch.demo import tree
from giddyup_watch.demo.racing import cards
from giddyup_watch.demo.racing.cards import Clock, World
from giddyup_watch.gaps import check
from giddyup_watch.store.connection import Connection
from tests.gaps.conftest import Asking, at
from tests.ingest.conftest import Bench

pytestmark = pytest.mark.failure(line=26)

MONTHS = ("2024-03", "2024-10")
DAYS = tuple(
    dt.date(2024, month, 1) + dt.timedelta(days=number) for month in (3, 10) for number in range(31)
)


@pytest.mark.parametrize("clock", ["12h", "24h"])
def test_months_in_which_the_clocks_change(conn: Connection, tmp_path: Path, clock: Clock) -> None:
    """With falls, non-runners, and runners that Betfair does not know."""
    tree.build(tmp_path, World(seed=3, volume=0.12, clock=clock), tree.segments(MONTHS))
    bench = Bench(conn, tmp_path)
    bench.turn()
    assert bench.value("SELECT count(*) FROM racing.runners WHERE pos_raw = 'NR'") > 0
    assert bench.value("SELECT count(*) FROM racing.runners WHERE win_bsp IS NULL") > 00
    asking = Asking(conn, now=at("2024-11-30T12:00"), days=DAYS)
    on_rows = [one for one in check.registered() if one.scope == "rows"]
    found = [finding.text for one in on_rows for finding in asking(one.name)]
    assert found == []


def test_a_race_day_at_any_hour(conn: Connection, tmp_path: Path) -> None:
    """The clocks went back that night; results come half an hour after each off."""
    day, bench = dt.date(2024, 10, 27), Bench(conn, tmp_path)
    for key in tree.segments(["2024-10"]):
        card = World(seed=3, volume=0.3).day(key.region, key.code, day)
        if card.races:
            bench.put(key, cards.unrun(card, {row["race_key"] for row in card.races}))
    bench.turn()
    entries = bench.value("SELECT count(*) FROM racing.runners WHERE race_date = %s", day)
    asking = Asking(conn, days=(day,))
    for hour in range(9, 24):
        asking.now = at(f"{day}T{hour:02}:00")
        conn.execute(
            "UPDATE racing.runners AS n SET pos_raw = n.num::text FROM racing.races AS r"
            " WHERE r.race_id = n.race_id AND r.race_date = %s AND n.race_date = r.race_date"
            " AND n.pos_raw IS NULL AND r.off_time + interval '30 minutes' <= %s::time",
            [day, f"{hour:02}:00"],
        )
        assert asking("unresulted_passed") == []
        assert asking("yesterday_missing_winners") == []
        waiting = bench.value(
            "SELECT count(*) FROM racing.runners WHERE race_date = %s AND pos_raw IS NULL", day
        )
        assert sum(item["entries"] for item in asking.items("entries_today")) == waiting
    assert entries > 0
    assert waiting == 0
