"""From views to tables and back, without readers noticing."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from giddyup_watch.derived import changeover, refresh, upkeep
from giddyup_watch.errors import ConfigError, DatabaseBusyError, LockBusyError
from giddyup_watch.store import upkeep as kept
from giddyup_watch.store.connection import Connection
from tests.conftest import LOCK_ID
from tests.derived.conftest import differing
from tests.ingest.conftest import FLAT, SMALL, Bench

STANDING = """
SELECT
  c.relname,
  c.relowner::regrole::text,
  (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) AS a
    WHERE a::text NOT LIKE split_part(c.relowner::regrole::text, '@', 1) || '=%'),
  obj_description(c.oid, 'pg_class'),
  (SELECT array_agg((a.attname, format_type(a.atttypid, a.atttypmod), a.attacl::text,
      col_description(c.oid, a.attnum), nullif(a.attstattarget, -1))::text ORDER BY a.attnum)
    FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0),
  (SELECT array_agg(pg_get_indexdef(i.indexrelid)
      || coalesce(obj_description(i.indexrelid, 'pg_class'), '') ORDER BY x.relname)
    FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND x.relname <> 'derived_runner_base_race'),
  c.reloptions
FROM pg_class AS c
WHERE c.oid IN (
  'racing.mv_runner_base'::regclass, 'racing.mv_last_next'::regclass,
  'racing.mv_draw_bias_flat'::regclass
)
ORDER BY 1
"""


@pytest.fixture
def loaded(bench: Bench) -> Bench:
    bench.put(FLAT, SMALL.month(FLAT))
    bench.load(FLAT)
    refresh.run(bench.conn, LOCK_ID)
    return bench


def _contents(conn: Connection) -> dict[str, list[Any]]:
    return {
        name: conn.execute(f"TABLE racing.{name} ORDER BY 1, 2, 3, 4".encode()).fetchall()
        for name in kept.KNOWN
    }


def test_there_and_back_everything_is_as_it_was(loaded: Bench, owner: Connection) -> None:
    role = "a_reader"
    owner.execute("DROP ROLE IF EXISTS a_reader")
    owner.execute("CREATE ROLE a_reader")
    for statement in (
        f"GRANT SELECT ON racing.mv_last_next TO {role} WITH GRANT OPTION",
        f"GRANT SELECT (runner_id) ON racing.mv_runner_base TO {role}",
        "GRANT SELECT ON racing.mv_draw_bias_flat TO PUBLIC",
        "COMMENT ON MATERIALIZED VIEW racing.mv_last_next IS 'last and next'",
        "COMMENT ON COLUMN racing.mv_last_next.last_pos IS 'it''s a position'",
        "COMMENT ON INDEX racing.mvln_horse_idx IS 'by horse'",
        "ALTER MATERIALIZED VIEW racing.mv_runner_base ALTER horse_id SET STATISTICS 500",
        "ALTER MATERIALIZED VIEW racing.mv_runner_base SET (fillfactor = 90)",
        "CREATE INDEX odd ON racing.mv_runner_base ((dec * 2)) WHERE dec > 3",
    ):
        owner.execute(statement.encode())
    standing, contents = owner.execute(STANDING).fetchall(), _contents(owner)
    try:
        assert changeover.run(loaded.conn, LOCK_ID, as_tables=True)
        assert owner.execute(STANDING).fetchall() == standing
        assert _contents(owner) == contents
        assert kept.fetch(owner).whole
        assert changeover.run(loaded.conn, LOCK_ID, as_tables=False)
        assert owner.execute(STANDING).fetchall() == standing
        assert _contents(owner) == contents
        found = kept.fetch(owner)
        assert (found.tables, found.triggers, found.races) == (False, 0, 0)
    finally:
        owner.execute("DROP OWNED BY a_reader")
        owner.execute("DROP ROLE a_reader")


def test_a_second_time_nothing_is_done(loaded: Bench) -> None:
    assert not changeover.run(loaded.conn, LOCK_ID, as_tables=False)
    assert changeover.run(loaded.conn, LOCK_ID, as_tables=True)
    assert not changeover.run(loaded.conn, LOCK_ID, as_tables=True)


def test_plain_views_of_others_show_what_is_new(loaded: Bench, owner: Connection) -> None:
    owner.execute("CREATE SCHEMA theirs")
    owner.execute(
        'CREATE VIEW theirs."A View" WITH (security_barrier) AS'
        " SELECT b.runner_id, l.next_date FROM racing.mv_runner_base AS b"
        " JOIN racing.mv_last_next AS l ON l.last_runner_id = b.runner_id"
    )
    owner.execute('CREATE VIEW theirs.above AS SELECT count(*) AS n FROM theirs."A View"')
    before = owner.execute("SELECT n FROM theirs.above").fetchall()
    options = "SELECT reloptions FROM pg_class WHERE oid = 'theirs.\"A View\"'::regclass"
    for as_tables in (True, False):
        changeover.run(loaded.conn, LOCK_ID, as_tables=as_tables)
        assert owner.execute("SELECT n FROM theirs.above").fetchall() == before
        assert owner.execute(options).fetchall() == [(["security_barrier=true"],)] or (
            owner.execute(options).fetchall() == [(["security_barrier"],)]
        )


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "CREATE MATERIALIZED VIEW public.top AS SELECT count(*) FROM racing.mv_last_next",
            "materialized view public.top rests on racing.mv_last_next",
        ),
        (
            "CREATE FUNCTION public.f(racing.mv_last_next) RETURNS int LANGUAGE sql RETURN 1",
            "function public.f(racing.mv_last_next) rests on racing.mv_last_next",
        ),
        ("DROP MATERIALIZED VIEW racing.mv_last_next", "racing.mv_last_next is not there"),
    ],
    ids=["materialized view", "function", "missing"],
)
def test_what_cannot_be_kept_is_named_and_nothing_changed(
    loaded: Bench, owner: Connection, statement: str, named: str
) -> None:
    owner.execute(statement.encode())
    with pytest.raises(ConfigError) as refused:
        changeover.run(loaded.conn, LOCK_ID, as_tables=True)
    assert named in refused.value.message
    found = kept.fetch(owner)
    assert (found.tables, found.building, found.triggers) == (False, False, 0)


def test_a_reader_in_the_way_is_waited_for(
    loaded: Bench, connect: Callable[[], Connection], definitions: dict[str, str]
) -> None:
    reader, ready = connect(), threading.Event()
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("taking"):
            threading.Timer(0.8, ready.set).start()

    def read() -> None:
        with reader.transaction():
            reader.execute("SELECT count(*) FROM racing.mv_runner_base")
            ready.wait(60)

    thread = threading.Thread(target=read)
    thread.start()
    changeover.run(loaded.conn, LOCK_ID, as_tables=True, say=say)
    thread.join()
    assert len(said) == 3
    assert differing(connect(), definitions) == {}


def test_a_reader_who_never_lets_go_leaves_the_views_as_they_were(
    loaded: Bench, connect: Callable[[], Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changeover, "PATIENCE", 0.0)
    reader = connect()
    with reader.transaction():
        reader.execute("SELECT count(*) FROM racing.mv_last_next")
        with pytest.raises(DatabaseBusyError):
            changeover.run(loaded.conn, LOCK_ID, as_tables=True)
    found = kept.fetch(reader)
    assert (found.tables, found.building, found.triggers) == (False, False, 0)
    assert changeover.run(loaded.conn, LOCK_ID, as_tables=True)


def test_nothing_is_done_beside_somebody_who_refreshes(
    loaded: Bench, connect: Callable[[], Connection]
) -> None:
    other = connect()
    other.execute("SELECT pg_advisory_lock(%s, 2)", (LOCK_ID,))
    with pytest.raises(LockBusyError):
        changeover.run(loaded.conn, LOCK_ID, as_tables=True)


def test_what_is_written_during_the_build_is_shown_after_it(
    loaded: Bench, connect: Callable[[], Connection], definitions: dict[str, str]
) -> None:
    other = connect()

    def say(text: str) -> None:
        if text.startswith("taking"):
            other.execute("UPDATE racing.runners SET draw = 9, pos_raw = '3' WHERE num = 2")

    changeover.run(loaded.conn, LOCK_ID, as_tables=True, say=say)
    assert upkeep.work_off(loaded.conn, LOCK_ID).done > 0
    assert differing(other, definitions) == {}


def test_a_build_cut_short_is_given_up(loaded: Bench, connect: Callable[[], Connection]) -> None:
    changeover.run(loaded.conn, LOCK_ID, as_tables=True)
    kept.begin(connect(), building=True)
    assert upkeep.work_off(loaded.conn, LOCK_ID) == upkeep.Worked()
    assert not kept.fetch(loaded.conn).building


def test_refresh_by_others_ends(loaded: Bench, owner: Connection) -> None:
    changeover.run(loaded.conn, LOCK_ID, as_tables=True)
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        owner.execute("REFRESH MATERIALIZED VIEW racing.mv_last_next")
    assert refresh.run(loaded.conn, LOCK_ID) == []
