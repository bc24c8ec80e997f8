"""The run around the segments: one ingester per database, named, cancelable, never left open."""

import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.errors import DatabaseUnavailableError, LockBusyError
from giddyup_watch.ingest import reconcile, run, segment
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.model import SegmentKey, newest_first
from giddyup_watch.store import connection, control, ledger, lock, queries
from giddyup_watch.store.connection import Connection
from tests.conftest import LOCK_ID
from tests.ingest.conftest import FLAT, JUMPS, SMALL, Bench, race, together


def test_a_foreign_holder_of_the_lock_is_named_and_nothing_is_written(
    bench: Bench, other_session: Connection
) -> None:
    bench.put(FLAT, SMALL.month(FLAT))
    other_session.execute("SELECT pg_advisory_lock(%s)", (LOCK_ID,))
    with pytest.raises(LockBusyError) as caught:
        bench.turn(FLAT)
    assert "somebody else" in caught.value.holder
    assert str(other_session.info.backend_pid) in caught.value.holder
    assert bench.count("racing.races") == bench.count("racing.etl_runs") == 0
    other_session.execute("SELECT pg_advisory_unlock(%s)", (LOCK_ID,))
    assert bench.load(FLAT).result == "loaded"


def test_the_lock_is_free_after_a_run(bench: Bench, other_session: Connection) -> None:
    bench.put(FLAT, SMALL.month(FLAT))
    bench.turn(FLAT)
    assert lock.holder(other_session, LOCK_ID) is None


def test_one_daemon_is_active_and_the_next_takes_over_when_it_ends(
    bench: Bench, database: str
) -> None:
    with closing(connection.connect(database, application_name="first")) as first:
        assert lock.become_active(first, LOCK_ID)
        assert not lock.become_active(bench.conn, LOCK_ID)
        found = lock.holder(bench.conn, LOCK_ID, lock.ACTIVE_DAEMON)
        assert found is not None
        assert found.application == "first"
    done = threading.Event()
    while not lock.become_active(bench.conn, LOCK_ID):
        done.wait(0.05)
    assert lock.holder(bench.conn, LOCK_ID, lock.ACTIVE_DAEMON) is not None


@pytest.mark.failure(line=19)
def test_runs_of_a_dead_ingester_are_closed_by_the_next(bench: Bench) -> None:
    bench.conn.execute("INSERT INTO racing.etl_runs (status, scope) VALUES ('running', '{}')")
    bench.put(FLAT, SMALL.month(FLAT))
    bench.turn(FLAT)
    rows = bench.rows(
        "SELECT status, finished_at IS NOT NULL, error_msg FROM racing.etl_runs ORDER BY 1"
    )
    assert rows[0][:2] == ("failed", True)
    assert "without closing" in rows[0][2]
    assert rows[1][:2] == ("success", True)


@pytest.mark.parametrize("name", ["close_orphaned_runs", "request_cancel"])
def test_open_runs_are_found_among_many_by_an_index(bench: Bench, name: str) -> None:
    bench.conn.execute(
        "INSERT INTO racing.etl_runs (status, scope, finished_at)"
        " SELECT 'success', '{}', now() FROM generate_series(1, 3000)"
    )
    bench.alter("ANALYZE racing.etl_runs")
    plan = bench.conn.execute(b"EXPLAIN " + queries.get(name)).fetchall()
    assert "etl_runs_running" in str(plan)


def test_a_canceled_run_stops_between_segments_and_parks_the_rest(bench: Bench) -> None:
    bench.put(FLAT, SMALL.month(FLAT))
    bench.put(JUMPS, SMALL.month(JUMPS))
    queue = iter([FLAT, JUMPS])
    outcomes: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        control.cancel(bench.conn)

    result = run.turn(bench.session, run.Request("watch"), lambda: next(queue, None), report)
    assert [outcome.key for outcome in outcomes] == [FLAT]
    assert result.status == "canceled"
    assert bench.value("SELECT status FROM racing.etl_runs") == "canceled"
    assert bench.load(JUMPS).result == "held"
    assert control.resume(bench.conn) == 1
    assert bench.load(JUMPS).result == "loaded"


def test_resume_leaves_the_ledger_to_whoever_holds_the_lock(bench: Bench) -> None:
    bench.put(FLAT, race("f", "x"))
    segment.park(bench.session, FLAT, run.Request("watch"))
    parked = bench.rows("SELECT xmin::text, l.* FROM racing.ledger_segments l")
    assert control.resume(bench.conn) == 1
    assert bench.rows("SELECT xmin::text, l.* FROM racing.ledger_segments l") == parked
    assert control.read(bench.conn).due == 1
    assert ledger.state_counts(bench.conn) == {"due": 1}
    assert control.resume(bench.conn) == 0
    assert bench.load(FLAT).result == "loaded"
    assert control.read(bench.conn).due == 0


def test_a_parked_segment_is_loaded_when_its_content_changes(bench: Bench) -> None:
    card = SMALL.month(FLAT)
    bench.put(FLAT, card)
    segment.park(bench.session, FLAT, run.Request("watch"))
    assert bench.load(FLAT).result == "held"
    card.races[0]["going"] = "Changed"
    bench.put(FLAT, card)
    assert bench.load(FLAT).result == "loaded"


def test_what_a_canceled_run_had_nothing_to_load_of_is_not_parked(
    bench: Bench, month: Card
) -> None:
    bench.put(JUMPS, race("j", "a", kind="Hurdle"))
    queue = iter([JUMPS, FLAT])

    def cancel(_: Outcome) -> None:
        control.cancel(bench.conn)

    result = run.turn(bench.session, run.Request("watch"), lambda: next(queue, None), cancel)
    assert result.status == "canceled"
    states = bench.rows("SELECT code, state FROM racing.ledger_segments ORDER BY code")
    assert states == [("flat", "loaded"), ("jumps", "loaded")]


def test_a_race_that_passes_to_a_parked_segment_waits_for_resume(bench: Bench) -> None:
    passes, stays = (race(key, key, kind="Hurdle") for key in "ps")
    bench.put(JUMPS, together(passes, stays))
    bench.put(FLAT, together(race("f", "x"), race("p", "p", kind="Hurdle", going="Flat says")))
    bench.turn(JUMPS, FLAT)
    bench.put(FLAT, together(race("f", "xy"), race("p", "p", kind="Hurdle", going="Flat says")))
    segment.park(bench.session, FLAT, run.Request("watch"))
    bench.put(JUMPS, stays)
    bench.load(JUMPS)
    assert bench.load(FLAT).result == "held"
    control.resume(bench.conn)
    assert bench.load(FLAT).result == "loaded"
    assert bench.value("SELECT going FROM racing.races WHERE race_key = 'p'") == "Flat says"


def test_nothing_to_cancel_is_said(bench: Bench) -> None:
    assert control.cancel(bench.conn) is None


def test_pause_is_kept_in_the_database(bench: Bench) -> None:
    assert not control.read(bench.conn).paused
    control.pause(bench.conn)
    assert control.read(bench.conn).paused
    control.resume(bench.conn)
    assert not control.read(bench.conn).paused


def test_a_run_asked_for_by_hand_has_its_row_even_when_there_was_nothing_to_do(
    bench: Bench,
) -> None:
    bench.put(FLAT, SMALL.month(FLAT))
    bench.turn(FLAT)
    result, _ = bench.turn(FLAT, trigger="cli")
    assert result.run_id is not None
    assert (
        bench.value(
            "SELECT scope->>'trigger' FROM racing.etl_runs WHERE run_id = %s", result.run_id
        )
        == "cli"
    )


def test_a_run_by_hand_says_where_it_looked_though_it_found_nothing(
    bench: Bench, month: Card
) -> None:
    bench.turn(FLAT, trigger="cli")
    scope = bench.value("SELECT scope FROM racing.etl_runs ORDER BY run_id DESC LIMIT 1")
    assert (scope["regions"], scope["codes"], scope["segments"]) == (["gb"], ["flat"], [])


def test_an_open_run_says_what_it_is_about(bench: Bench, database: str) -> None:
    bench.put(FLAT, race("f", "x"))
    bench.alter(
        "CREATE FUNCTION racing.stop() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;"
        "CREATE TRIGGER stop BEFORE INSERT ON racing.races FOR EACH ROW"
        " EXECUTE FUNCTION racing.stop()"
    )
    with pytest.raises(DatabaseUnavailableError):
        bench.load(FLAT)
    with closing(psycopg.connect(database)) as conn:
        found = conn.execute("SELECT status, scope->'segments' FROM racing.etl_runs").fetchall()
    assert found == [("running", [str(FLAT)])]


@pytest.mark.failure(line=9)
def test_a_manifest_that_does_not_agree_is_waited_for(bench: Bench) -> None:
    bench.put(FLAT, SMALL.month(FLAT))
    manifest = bench.master / str(FLAT) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"race_count": ', '"race_count": 1'))
    bench.orphan_seconds = 60
    outcome = bench.load(FLAT)
    assert outcome.result == "waiting"
    assert "manifest says" in outcome.reason
    assert outcome.retry_after is not None
    assert 50 < outcome.retry_after < 61
    assert bench.count("racing.ledger_segments") == 0
    bench.orphan_seconds = 0
    assert bench.load(FLAT).result == "loaded"
    assert bench.value("SELECT counts_agree FROM racing.ledger_segments") is False


@pytest.mark.failure(line=9)
def test_an_unreadable_manifest_is_waited_for(bench: Bench) -> None:
    bench.put(FLAT, SMALL.month(FLAT))
    (bench.master / str(FLAT) / "manifest.json").write_text("")
    bench.orphan_seconds = 60
    assert bench.load(FLAT).result == "waiting"
    bench.orphan_seconds = 0
    assert bench.load(FLAT).result == "loaded"
    assert bench.value("SELECT counts_agree FROM racing.ledger_segments") is None


def test_reconcile_finds_what_the_database_does_not_have(bench: Bench) -> None:
    bench.put(FLAT, SMALL.month(FLAT))
    bench.put(JUMPS, SMALL.month(JUMPS))
    on_disk = bench.keys()
    assert reconcile.due(bench.conn, on_disk, {}, bench.rules) == {FLAT, JUMPS}
    _, outcomes = bench.turn()
    remembered = {o.key: o.fingerprint for o in outcomes if o.fingerprint is not None}
    assert reconcile.due(bench.conn, on_disk, remembered, bench.rules) == set()
    bench.conn.execute("DELETE FROM racing.ingested_days WHERE code = 'flat'")
    assert reconcile.due(bench.conn, on_disk, remembered, bench.rules) == {FLAT}
    bench.alter("DELETE FROM racing.ledger_segments WHERE code = 'jumps'")
    assert reconcile.due(bench.conn, on_disk, remembered, bench.rules) == {FLAT, JUMPS}
    assert reconcile.due(bench.conn, [], remembered, bench.rules) == {FLAT}


def test_what_another_ingester_failed_to_load_is_due(bench: Bench, month: Card) -> None:
    fingerprint = bench.load(FLAT).fingerprint
    assert fingerprint is not None
    bench.conn.execute("UPDATE racing.races SET ran = 0")
    bench.alter("ALTER TABLE racing.races ADD CONSTRAINT theirs CHECK (ran = 0)")
    assert bench.load(FLAT, trigger="cli", force=True).result == "failed"
    assert reconcile.due(bench.conn, [FLAT], {FLAT: fingerprint}, bench.rules) == {FLAT}


def test_a_day_that_only_others_ingested_is_theirs(bench: Bench) -> None:
    bench.conn.execute(
        "INSERT INTO racing.ingested_days (region, code, d) VALUES ('gb', 'flat', '2024-06-20')"
    )
    bench.put(FLAT, race("f", ["x"]))
    fingerprint = bench.load(FLAT).fingerprint
    assert fingerprint is not None
    assert reconcile.due(bench.conn, [FLAT], {FLAT: fingerprint}, bench.rules) == set()
    assert bench.load(FLAT).result == "unchanged"
    assert bench.value("SELECT count(*) FROM racing.ingested_days WHERE d = '2024-06-20'") == 1


def test_partitions_of_months_to_come_can_wait_when_somebody_is_in_the_way(
    bench: Bench, month: Card, other_session: Connection
) -> None:
    partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'racing.races'::regclass"
    ahead = bench.rows(
        "SELECT relname FROM pg_class WHERE relname ~ '^races_[0-9]+_[0-9]+$'"
        " AND relname <> 'races_2024_06'"
    )
    for (name,) in ahead:
        bench.alter(f"DROP TABLE racing.{name}")
    bench.conn.execute("SET lock_timeout = '100ms'")
    month.races[0]["going"] = "Changed"
    bench.put(FLAT, month)
    with other_session.transaction():  # as VACUUM and ANALYZE do, for as long as they take
        other_session.execute("LOCK TABLE racing.races IN SHARE UPDATE EXCLUSIVE MODE")
        assert bench.load(FLAT, trigger="cli").result == "loaded"
    assert bench.value(partitions) == 1
    bench.load(FLAT, trigger="cli")
    assert bench.value(partitions) == 1 + len(ahead) == 3


def test_the_newest_month_comes_first() -> None:
    older = type(FLAT)("gb", "flat", "2007-01")
    assert sorted([older, JUMPS, FLAT], key=newest_first) == [FLAT, JUMPS, older]


def test_a_trigger_of_others_that_refuses_the_rows_fails_the_segment_alone(bench: Bench) -> None:
    bench.alter(
        "ALTER TABLE racing.races ADD CONSTRAINT theirs CHECK (race_type <> 'Flat') NOT VALID"
    )
    bench.put(FLAT, SMALL.month(FLAT))
    bench.put(JUMPS, SMALL.month(JUMPS))
    result, outcomes = bench.turn(FLAT, JUMPS)
    assert [outcome.result for outcome in outcomes] == ["failed", "loaded"]
    assert "theirs" in outcomes[0].reason
    assert outcomes[0].retry_after == 5.0
    assert result.status == "success"
    stats, error = bench.rows("SELECT stats, error_msg FROM racing.etl_runs")[0]
    assert stats["errors"] == 1
    assert "theirs" in error
    assert bench.load(FLAT).retry_after == 10.0
    bench.alter("ALTER TABLE racing.races DROP CONSTRAINT theirs")
    assert bench.load(FLAT).result == "loaded"


def test_a_segment_that_comes_twice_in_a_run_is_compared_with_what_was_just_loaded(
    bench: Bench, month: Card
) -> None:
    files = [path for path in writers.paths(bench.master, FLAT).values() if path.exists()]
    original = {path: path.read_bytes() for path in files}
    month.races[0]["going"] = "Changed"
    bench.put(FLAT, month)
    queue = iter([FLAT, FLAT])
    results: list[str] = []

    def restore(outcome: Outcome) -> None:
        results.append(outcome.result)
        for path, data in original.items():
            path.write_bytes(data)

    run.turn(bench.session, run.Request("watch"), lambda: next(queue, None), restore)
    assert results == ["loaded", "loaded"]
    assert bench.value("SELECT count(*) FROM racing.races WHERE going = 'Changed'") == 0


@pytest.mark.failure(line=18)
def test_a_segment_that_fails_twice_in_a_run_waits_longer_and_is_named_once(bench: Bench) -> None:
    bench.alter("ALTER TABLE racing.races ADD CONSTRAINT theirs CHECK (ran > 1) NOT VALID")
    bench.put(FLAT, race("f", ["x"]))
    result, outcomes = bench.turn(FLAT, FLAT, trigger="cli")
    assert [outcome.retry_after for outcome in outcomes] == [5.0, 10.0]
    assert result.status == "failed"
    assert bench.value("SELECT scope->'segments' FROM racing.etl_runs") == [str(FLAT)]


def test_what_passes_by_itself_is_tried_again_within_a_minute(
    bench: Bench, other_session: Connection
) -> None:
    bench.put(FLAT, race("f", "x"))
    bench.conn.execute("SET lock_timeout = '50ms'")
    with other_session.transaction():
        other_session.execute("LOCK TABLE racing.horses IN EXCLUSIVE MODE")
        waits = [bench.load(FLAT).retry_after for _ in range(6)]
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    assert bench.load(FLAT).result == "loaded"


def test_a_segment_that_fails_and_then_succeeds_is_no_complaint(bench: Bench) -> None:
    bench.alter("ALTER TABLE racing.races ADD CONSTRAINT theirs CHECK (ran > 1) NOT VALID")
    bench.put(FLAT, race("f", ["x"]))
    queue = iter([FLAT, FLAT])

    def mend(_: Outcome) -> None:
        bench.alter("ALTER TABLE racing.races DROP CONSTRAINT IF EXISTS theirs")

    result = run.turn(bench.session, run.Request("cli"), lambda: next(queue, None), mend)
    assert (result.status, result.troubled) == ("success", ())
    stats, error = bench.rows("SELECT stats, error_msg FROM racing.etl_runs")[0]
    assert (stats["errors"], error) == (1, None)


def test_a_file_that_is_being_rewritten_is_waited_for_and_refused_when_it_stays_so(
    bench: Bench,
) -> None:
    bench.put(FLAT, SMALL.month(FLAT))
    (bench.master / str(FLAT) / "races_gb_flat_2024-06.csv").write_text("")
    bench.orphan_seconds = 60
    assert bench.load(FLAT).result == "waiting"
    bench.orphan_seconds = 0
    assert bench.load(FLAT).result == "refused"


def test_after_many_segments_that_need_nothing_a_load_is_still_known_of(
    bench: Bench, month: Card
) -> None:
    """The whole ledger is asked for then, once, until somebody needs something."""

    def keys() -> Iterator[SegmentKey]:
        for _ in range(run.MANY_IDLE + 5):
            yield FLAT
        edits.correct_result(month, edits.resulted(month)[0])
        bench.put(FLAT, month)
        yield FLAT
        yield FLAT

    queue, outcomes = keys(), list[Outcome]()
    run.turn(bench.session, run.Request("watch"), lambda: next(queue, None), outcomes.append)
    results = [outcome.result for outcome in outcomes]
    assert results == ["unchanged"] * (run.MANY_IDLE + 5) + ["loaded", "unchanged"]
