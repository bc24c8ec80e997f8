"""Tables in place of views: brought up within the ingest, after others, and compared."""

from collections.abc import Callable
from typing import Any

import pytest

from giddyup_watch.derived import changeover, refresh, upkeep
from giddyup_watch.store import upkeep as kept
from giddyup_watch.store.connection import Connection
from tests.conftest import LOCK_ID
from tests.derived.conftest import differing
from tests.ingest.conftest import FLAT, SMALL, Bench, race

Definitions = dict[str, str]


def _rows(conn: Connection, text: str) -> list[Any]:
    """What somebody reads who may: the daemon's role may not."""
    return conn.execute(text.encode()).fetchall()


@pytest.fixture
def tables(bench: Bench, definitions: Definitions) -> Bench:
    """The known views as tables, kept up by each run over the tree."""
    assert definitions
    bench.keep_up = upkeep.keep_up
    changeover.run(bench.conn, LOCK_ID, as_tables=True)
    return bench


def test_a_loaded_month_is_shown_when_its_run_has_committed(
    tables: Bench, owner: Connection, definitions: Definitions
) -> None:
    tables.put(FLAT, SMALL.month(FLAT))
    tables.load(FLAT)
    assert _rows(owner, "SELECT EXISTS (TABLE racing.mv_last_next)") == [(True,)]
    assert _rows(owner, "SELECT EXISTS (TABLE racing.mv_draw_bias_flat)") == [(True,)]
    assert differing(owner, definitions) == {}
    assert kept.fetch(owner).races == 0


def test_what_did_not_change_is_not_written(tables: Bench, owner: Connection) -> None:
    tables.put(FLAT, SMALL.month(FLAT))
    tables.load(FLAT)
    before = owner.execute("SELECT xmin, ctid FROM racing.mv_runner_base ORDER BY ctid").fetchall()
    tables.load(FLAT, force=True)
    after = owner.execute("SELECT xmin, ctid FROM racing.mv_runner_base ORDER BY ctid").fetchall()
    assert after == before


def test_facts_commit_though_the_tables_cannot_be_brought_up(
    tables: Bench, owner: Connection, definitions: Definitions
) -> None:
    owner.execute("ALTER TABLE racing.mv_last_next ADD CONSTRAINT never CHECK (false) NOT VALID")
    told = []
    tables.keep_up = lambda conn: told.append(upkeep.keep_up(conn))
    tables.put(FLAT, SMALL.month(FLAT))
    assert tables.load(FLAT).result == "loaded"
    assert "never" in told[0]
    assert _rows(owner, "TABLE racing.mv_runner_base") == []
    assert kept.fetch(owner).races > 0
    assert "never" in upkeep.work_off(tables.conn, LOCK_ID).error
    owner.execute("ALTER TABLE racing.mv_last_next DROP CONSTRAINT never")
    assert upkeep.work_off(tables.conn, LOCK_ID).error == ""
    assert differing(owner, definitions) == {}


def test_an_ingest_does_not_wait_long_for_who_works_on_the_tables(
    tables: Bench, connect: Callable[[], Connection]
) -> None:
    told = []
    tables.keep_up = lambda conn: told.append(upkeep.keep_up(conn))
    tables.put(FLAT, race("one", ["a", "b"]))
    other = connect()
    with other.transaction():
        other.execute("SELECT FROM racing.derived_upkeep FOR UPDATE")
        assert tables.load(FLAT).result == "loaded"
    assert "lock timeout" in told[0]
    assert upkeep.work_off(tables.conn, LOCK_ID).done == 1


def test_notes_of_others_are_theirs(tables: Bench, connect: Callable[[], Connection]) -> None:
    """A run does not wait for a writer who has not committed, nor does his work."""
    tables.put(FLAT, race("one", ["a", "b"]))
    tables.load(FLAT)
    other = connect()
    with other.transaction():
        other.execute("UPDATE racing.runners SET win_ppwap = 7 WHERE runner_key = 'a'")
        tables.put(FLAT, race("one", ["a", "b"], going="Soft"))
        tables.load(FLAT)
        assert kept.fetch(tables.conn).races == 0
        assert _rows(other, "SELECT DISTINCT going FROM racing.mv_runner_base") == [("Soft",)]
    assert kept.fetch(tables.conn).races == 1
    assert upkeep.work_off(tables.conn, LOCK_ID).done == 1
    assert _rows(other, "SELECT win_ppwap FROM racing.mv_runner_base ORDER BY 1") == [(7,), (None,)]


def test_columns_that_no_view_shows_are_not_noted(tables: Bench, owner: Connection) -> None:
    tables.put(FLAT, race("one", ["a", "b"]))
    tables.load(FLAT)
    owner.execute("UPDATE racing.runners SET comment = 'well away', place_bsp = 4")
    owner.execute("UPDATE racing.races SET race_name = 'Another'")
    assert kept.fetch(owner).races == 0


def test_a_flood_is_noted_by_month(
    tables: Bench, owner: Connection, definitions: Definitions
) -> None:
    owner.execute(
        "CREATE OR REPLACE FUNCTION racing.derived_flood() RETURNS bigint"
        " LANGUAGE sql IMMUTABLE RETURN 3"
    )
    tables.put(FLAT, SMALL.month(FLAT))
    tables.load(FLAT)
    notes = owner.execute("SELECT DISTINCT race_id, race_date FROM racing.derived_dirty")
    assert [(race_id, str(month)) for race_id, month in notes] == [(None, "2024-06-01")]
    assert upkeep.work_off(tables.conn, LOCK_ID).error == ""
    assert differing(owner, definitions) == {}


def test_so_much_that_it_is_built_anew(
    tables: Bench, owner: Connection, definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "REBUILD_AT", 5)
    tables.keep_up = lambda _: None
    tables.put(FLAT, SMALL.month(FLAT))
    tables.load(FLAT)
    assert upkeep.work_off(tables.conn, LOCK_ID).rebuilt
    assert differing(owner, definitions) == {}
    assert kept.fetch(owner).whole


def test_what_no_trigger_saw_is_found_by_comparing(
    tables: Bench, owner: Connection, definitions: Definitions
) -> None:
    tables.put(FLAT, SMALL.month(FLAT))
    tables.load(FLAT)
    owner.execute("DELETE FROM racing.runners_2024_06 WHERE num = 1")
    owner.execute("UPDATE racing.races_2024_06 SET off_time = '23:00' WHERE race_id % 2 = 0")
    owner.execute("DELETE FROM racing.mv_last_next")
    owner.execute("UPDATE racing.mv_draw_bias_flat SET wins = 99 WHERE draw_quartile = 1")
    assert kept.fetch(owner).races == 0
    drift = upkeep.compare(tables.conn, LOCK_ID)
    assert drift is not None
    assert drift.races > 0
    assert drift.horses > 0
    assert drift.draws > 0
    assert upkeep.work_off(tables.conn, LOCK_ID).error == ""
    assert differing(owner, definitions) == {}
    assert not upkeep.compare(tables.conn, LOCK_ID)


def test_a_partition_with_rows_is_found_by_a_note_of_its_month(
    tables: Bench, owner: Connection, definitions: Definitions
) -> None:
    tables.put(FLAT, SMALL.month(FLAT))
    tables.load(FLAT)
    owner.execute("ALTER TABLE racing.runners DETACH PARTITION racing.runners_2024_06")
    owner.execute("INSERT INTO racing.derived_dirty (race_date) VALUES ('2024-06-01')")
    assert upkeep.work_off(tables.conn, LOCK_ID).error == ""
    assert _rows(owner, "TABLE racing.mv_runner_base") == []
    assert differing(owner, definitions) == {}


def test_a_unique_index_is_no_obstacle(
    bench: Bench, owner: Connection, definitions: Definitions
) -> None:
    owner.execute("CREATE UNIQUE INDEX ON racing.mv_runner_base (runner_id)")
    owner.execute("CREATE UNIQUE INDEX ON racing.mv_last_next (last_runner_id)")
    changeover.run(bench.conn, LOCK_ID, as_tables=True)
    bench.keep_up = upkeep.keep_up
    bench.put(FLAT, SMALL.month(FLAT))
    bench.load(FLAT)
    owner.execute("UPDATE racing.runners SET race_id = (SELECT max(race_id) FROM racing.races)")
    assert upkeep.work_off(bench.conn, LOCK_ID).error == ""
    assert differing(owner, definitions) == {}


def test_views_of_others_on_the_tables_go_on_being_refreshed(
    tables: Bench, owner: Connection
) -> None:
    owner.execute(
        "CREATE MATERIALIZED VIEW public.top AS SELECT count(*) AS n FROM racing.mv_runner_base"
    )
    refresh.run(tables.conn, LOCK_ID)
    tables.put(FLAT, race("one", ["a", "b"]))
    tables.load(FLAT)
    assert [one.view for one in refresh.run(tables.conn, LOCK_ID)] == ["public.top"]
    assert _rows(owner, "SELECT n FROM public.top") == [(2,)]
