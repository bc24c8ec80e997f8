"""Refreshing what is behind, one view at a time, whatever happens to one of them."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator

import pytest
from psycopg import sql

from giddyup_watch.derived import refresh
from giddyup_watch.errors import DatabaseUnavailableError
from giddyup_watch.store.connection import Connection

LOCK = 123456789
BASE, LAST_NEXT, DRAW = "racing.mv_runner_base", "racing.mv_last_next", "racing.mv_draw_bias_flat"

#: How many of the columns that views join and group by are measured over all months.
MEASURED = (
    "SELECT count(*) FROM pg_stats WHERE schemaname = 'racing' AND inherited"
    " AND (tablename, attname) IN"
    " (('races', 'race_id'), ('runners', 'race_id'), ('runners', 'horse_id'))"
)


def _write(conn: Connection, number: int = 1) -> None:
    """Facts change, and a finished run says so."""
    conn.execute("SELECT racing.ensure_month('2024-06-01')")
    conn.execute(
        """
        WITH race AS (
          INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)
          VALUES (%(key)s, '2024-06-14', 'GB', 'A race', 'Flat', 1)
          RETURNING race_id, race_date
        )
        INSERT INTO racing.runners (runner_key, race_id, race_date, num)
        SELECT %(key)s, race_id, race_date, 1 FROM race
        """,
        {"key": f"key-{number}"},
    )
    _finish_run(conn, '{"races_inserted": 1, "runners_inserted": 1, "errors": 0}')


def _finish_run(conn: Connection, stats: str | None, *, ago: str = "0 s") -> None:
    conn.execute(
        "INSERT INTO racing.etl_runs (status, scope, stats, finished_at)"
        " VALUES ('success', '{}', %s, clock_timestamp() - %s::interval)",
        (stats, ago),
    )


def _rows(conn: Connection, view: str) -> int:
    row = conn.execute(sql.SQL(f"SELECT count(*) FROM {view}")).fetchone()
    assert row is not None
    return int(row[0])


def _outcome(results: list[refresh.ViewResult]) -> dict[str, str]:
    return {result.view: result.error or result.how for result in results}


def _record(conn: Connection, view: str) -> tuple[dt.datetime | None, str | None, str | None]:
    row = conn.execute(
        "SELECT refreshed_at, how, error FROM racing.derived_views WHERE view_name = %s", (view,)
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def test_views_follow_a_run_that_wrote(conn: Connection, owner: Connection) -> None:
    assert not refresh.stale(conn)
    _write(conn)
    assert refresh.stale(conn)
    results = refresh.run(conn, LOCK)
    assert _outcome(results) == {BASE: "plain", LAST_NEXT: "plain", DRAW: "plain"}
    assert all(result.seconds > 0 for result in results)
    assert _rows(owner, BASE) == 1
    assert not refresh.stale(conn)
    assert refresh.run(conn, LOCK) == []


@pytest.mark.parametrize(
    ("stats", "stale"),
    [
        ('{"races_inserted": 0, "runners_updated": 0, "runners_read": 900}', False),
        ('{"runners_deleted": 1}', True),
        ('{"runners_updated": "many"}', False),
        ("[]", False),
        (None, True),
    ],
    ids=["nothing written", "deleted", "not a number", "not an object", "killed, or another's"],
)
def test_what_counts_as_a_write(conn: Connection, stats: str | None, *, stale: bool) -> None:
    _finish_run(conn, stats)
    assert refresh.stale(conn) is stale


def test_run_still_going_on_is_not_waited_for(conn: Connection) -> None:
    conn.execute("INSERT INTO racing.etl_runs (status, scope) VALUES ('running', '{}')")
    assert not refresh.stale(conn)


def test_run_that_ended_during_the_refresh_is_noticed(conn: Connection) -> None:
    """Its finished_at is older than the refresh, but it was not to be seen yet."""
    _write(conn)
    refresh.run(conn, LOCK)
    conn.execute("UPDATE racing.etl_runs SET finished_at = finished_at - interval '1 hour'")
    _finish_run(conn, '{"races_updated": 1}', ago="1 minute")
    assert refresh.stale(conn)


def test_another_session_sees_what_was_refreshed(
    conn: Connection, connect: Callable[[], Connection]
) -> None:
    _write(conn)
    refresh.run(conn, LOCK)
    assert not refresh.stale(connect())


def test_readers_go_on_beside_a_concurrent_refresh(
    conn: Connection, owner: Connection, connect: Callable[[], Connection]
) -> None:
    owner.execute(f"CREATE UNIQUE INDEX ON {BASE} (runner_id)")
    _write(conn)
    reader = connect()
    with reader.transaction():
        assert _rows(reader, BASE) == 0
        assert _outcome(refresh.run(conn, LOCK))[BASE] == "concurrently"
    assert _rows(reader, BASE) == 1


def test_the_facts_are_measured_when_they_are_twice_what_they_were(
    conn: Connection, owner: Connection
) -> None:
    standing = "SELECT reltuples FROM pg_class WHERE oid = 'racing.runners'::regclass"
    _write(conn)
    _know_sizes(owner)
    refresh.run(conn, LOCK)
    assert owner.execute(MEASURED).fetchone() == (3,)
    assert owner.execute(standing).fetchone() == (1,)
    for number, size in ((2, 1), (3, 3)):
        _write(conn, number)
        _know_sizes(owner)
        refresh.run(conn, LOCK)
        assert owner.execute(standing).fetchone() == (size,)


def test_the_facts_are_measured_beside_an_autovacuum_of_a_month(
    conn: Connection, owner: Connection, connect: Callable[[], Connection]
) -> None:
    _write(conn)
    _know_sizes(owner)
    conn.execute("SET lock_timeout = '50ms'")
    vacuum = connect()
    with vacuum.transaction():
        vacuum.execute("LOCK TABLE racing.runners_2024_06 IN SHARE UPDATE EXCLUSIVE MODE")
        refresh.run(conn, LOCK)
    assert owner.execute(MEASURED).fetchone() == (3,)


def _know_sizes(owner: Connection) -> None:
    """What autovacuum does after a while, and what building an index does."""
    owner.execute("ANALYZE racing.races_2024_06, racing.runners_2024_06")


@pytest.mark.failure(line=24)
def test_reader_in_the_way_holds_up_one_view_only(
    conn: Connection, connect: Callable[[], Connection]
) -> None:
    _write(conn)
    conn.execute("SET lock_timeout = '50ms'")
    reader = connect()
    with reader.transaction():
        _rows(reader, BASE)
        blocked = {result.view: result for result in refresh.run(conn, LOCK)}
    assert "lock timeout" in (blocked[BASE].error or "")
    assert blocked[DRAW].error == f"waits for {BASE}"
    assert blocked[LAST_NEXT].error is None
    assert refresh.stale(conn)
    assert _outcome(refresh.run(conn, LOCK)) == {BASE: "plain", DRAW: "plain"}
    assert not refresh.stale(conn)


@pytest.mark.failure(line=24)
def test_failing_view_does_not_stop_the_others(conn: Connection, owner: Connection) -> None:
    owner.execute(
        "CREATE MATERIALIZED VIEW public.a_bad AS SELECT 1 / (count(*) - 1) AS n FROM racing.races"
    )
    owner.execute("CREATE MATERIALIZED VIEW public.above AS SELECT n FROM public.a_bad")
    _write(conn)
    outcome = _outcome(refresh.run(conn, LOCK))
    assert "division by zero" in outcome["public.a_bad"]
    assert outcome["public.above"] == "waits for public.a_bad"
    assert {outcome[name] for name in (BASE, LAST_NEXT, DRAW)} == {"plain"}
    assert _record(conn, "public.a_bad")[0] is None
    assert "division by zero" in (_record(conn, "public.a_bad")[2] or "")
    _write(conn, 2)
    assert _outcome(refresh.run(conn, LOCK))["public.above"] == "plain"
    assert _record(conn, "public.a_bad")[2] is None


def test_error_keeps_what_is_known_of_the_last_good_refresh(
    conn: Connection, owner: Connection
) -> None:
    owner.execute(
        "CREATE MATERIALIZED VIEW public.v AS SELECT 1 / (count(*) - 2) AS n FROM racing.races"
    )
    _write(conn)
    refresh.run(conn, LOCK)
    good = _record(conn, "public.v")
    _write(conn, 2)
    refresh.run(conn, LOCK)
    bad = _record(conn, "public.v")
    assert good[2] is None
    assert "division by zero" in (bad[2] or "")
    assert bad[:2] == good[:2] == (good[0], "plain")
    assert good[0] is not None


@pytest.mark.failure(line=24)
def test_unpopulated_view_is_filled_without_any_run(conn: Connection, owner: Connection) -> None:
    owner.execute(
        "CREATE MATERIALIZED VIEW public.v AS SELECT race_id FROM racing.races WITH NO DATA"
    )
    owner.execute("CREATE UNIQUE INDEX ON public.v (race_id)")
    assert refresh.stale(conn)
    assert _outcome(refresh.run(conn, LOCK)) == {"public.v": "plain"}
    _write(conn)
    assert _outcome(refresh.run(conn, LOCK))["public.v"] == "concurrently"


def test_new_view_costs_only_its_own_refresh(conn: Connection, owner: Connection) -> None:
    _write(conn)
    refresh.run(conn, LOCK)
    owner.execute("CREATE MATERIALIZED VIEW public.v AS SELECT * FROM racing.races")
    assert _outcome(refresh.run(conn, LOCK)) == {"public.v": "plain"}


def test_view_dropped_under_it_is_forgotten(
    conn: Connection, connect: Callable[[], Connection]
) -> None:
    _write(conn)
    refresh.run(conn, LOCK)
    _write(conn, 2)
    other = connect()

    def drop() -> bool:
        other.execute(f"DROP MATERIALIZED VIEW IF EXISTS {LAST_NEXT}")
        return True

    outcome = _outcome(refresh.run(conn, LOCK, go_on=drop))
    assert "does not exist" in outcome[LAST_NEXT]
    assert (outcome[BASE], outcome[DRAW]) == ("plain", "plain")
    assert not refresh.stale(conn)
    _write(conn, 3)
    assert LAST_NEXT not in _outcome(refresh.run(conn, LOCK))
    known = conn.execute("SELECT view_name FROM racing.derived_views").fetchall()
    assert {name for (name,) in known} == {BASE, DRAW}


def test_pass_cut_short_is_taken_up_where_it_ended(conn: Connection) -> None:
    _write(conn)
    answers = iter([True, False])
    first = refresh.run(conn, LOCK, go_on=lambda: next(answers))
    assert len(first) == 1
    assert refresh.stale(conn)
    rest = refresh.run(conn, LOCK)
    assert {result.view for result in rest} == {BASE, LAST_NEXT, DRAW} - {first[0].view}


@pytest.mark.failure(line=24)
def test_nothing_is_done_while_another_session_refreshes(
    conn: Connection, connect: Callable[[], Connection]
) -> None:
    _write(conn)
    other = connect()
    other.execute("SELECT pg_advisory_lock(%s, 2)", (LOCK,))
    assert refresh.run(conn, LOCK) == []
    assert _rows(other, BASE) == 0
    other.execute("SELECT pg_advisory_unlock(%s, 2)", (LOCK,))
    assert len(refresh.run(conn, LOCK)) == 3


def test_lost_connection_is_not_a_failure_of_a_view(
    conn: Connection, connect: Callable[[], Connection]
) -> None:
    _write(conn)
    other = connect()

    def kill() -> bool:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (conn.info.backend_pid,))
        return True

    with pytest.raises(DatabaseUnavailableError):
        refresh.run(conn, LOCK, go_on=kill)
    assert other.execute("SELECT count(*) FROM racing.derived_views").fetchone() == (0,)
    assert len(refresh.run(other, LOCK)) == 3


@pytest.fixture
def stranger(owner: Connection) -> Iterator[Connection]:
    """A connection with facts to refresh from, as a role that owns nothing."""
    _write(owner)
    role = sql.Identifier(f"stranger_{uuid.uuid4().hex}")
    for command in (
        "CREATE ROLE {}",
        "GRANT USAGE ON SCHEMA racing TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON racing.derived_views TO {}",
        "GRANT SELECT ON racing.etl_runs, racing.mv_runner_base TO {}",
        "SET ROLE {}",
    ):
        owner.execute(sql.SQL(command).format(role))
    yield owner
    owner.execute("RESET ROLE")
    owner.execute(sql.SQL("DROP OWNED BY {}").format(role))
    owner.execute(sql.SQL("DROP ROLE {}").format(role))


def test_role_that_owns_nothing_says_so(stranger: Connection) -> None:
    outcome = _outcome(refresh.run(stranger, LOCK))
    assert "must be owner" in outcome[BASE] or "permission denied" in outcome[BASE]
    assert outcome[DRAW] == f"waits for {BASE}"


def test_role_that_owns_nothing_may_be_helped(stranger: Connection) -> None:
    """Each view as it allows: one with a unique index beside its readers."""
    role = sql.Identifier(stranger.execute("SELECT current_user").fetchall()[0][0])
    stranger.execute("RESET ROLE")
    stranger.execute(f"CREATE UNIQUE INDEX ON {BASE} (runner_id)")
    function = sql.SQL("GRANT EXECUTE ON FUNCTION racing.refresh_view(regclass, boolean) TO {}")
    stranger.execute(function.format(role))
    stranger.execute(sql.SQL("SET ROLE {}").format(role))
    outcome = _outcome(refresh.run(stranger, LOCK))
    assert outcome == {BASE: "concurrently", LAST_NEXT: "plain", DRAW: "plain"}
    assert _rows(stranger, BASE) == 1
