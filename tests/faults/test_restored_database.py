"""The database is put back to an earlier state under the daemon: all that is missing is loaded."""

from giddyup_watch.demo import tree
from giddyup_watch.store import connection
from tests import server
from tests.faults import sessions
from tests.faults.conftest import FLAT, SEGMENTS, WORLD, Stage
from tests.server import ProgramError, Server, command
from tests.wait import wait_until

#: As DELETE ... WHERE, by table: all that the database knows of British flat racing.
BRITISH_FLAT = {
    "racing.runners": "race_id IN (SELECT race_id FROM racing.races"
    " WHERE region = 'GB' AND race_type = 'Flat')",
    "racing.races": "region = 'GB' AND race_type = 'Flat'",
    "racing.ingested_days": "region = 'gb' AND code = 'flat'",
    "racing.ledger_races": "region = 'gb' AND code = 'flat'",
    "racing.ledger_days": "region = 'gb' AND code = 'flat'",
    "racing.ledger_segments": "region = 'gb' AND code = 'flat'",
}
DUMP = "early.sql"
#: Seconds between two comparisons of what is loaded with what is on disk.
OFTEN, NEVER = 1, 3600


def test_a_segment_is_missing(stage: Stage) -> None:
    stage.load()
    with stage.daemon(gaps__interval_seconds=OFTEN) as daemon:
        wait_until(lambda: daemon.metric("ingests_total") == SEGMENTS)
        with sessions.session(stage.url) as other, other.transaction():
            for table, where in BRITISH_FLAT.items():
                other.execute(f"DELETE FROM {table} WHERE {where}".encode())
        (loaded,) = daemon.wait_for("segment_ingested")
        assert (loaded["segment"], loaded["trigger"]) == (str(FLAT), "rescan")
        stage.assert_ends_equal()


def test_an_older_state_is_restored_over_it(stage: Stage, postgres: Server) -> None:
    stage.load()
    _dump(postgres, stage.url)
    with stage.daemon(gaps__interval_seconds=OFTEN) as daemon:
        _load_more(stage)
        _restore(postgres, stage.url, "--command=DROP SCHEMA racing, staging CASCADE")
        stage.assert_ends_equal()
        # A statement that meets the swap of the tables may fail; its session is then made anew.
        assert len(daemon.events("database_lost")) == len(daemon.events("database_back")) <= 1


def test_an_older_state_takes_its_place(stage: Stage, postgres: Server) -> None:
    """By renaming: for a while there is no such database, then the next session finds another."""
    stage.load()
    _dump(postgres, stage.url)
    with (
        postgres.database() as other,
        postgres.administrator() as admin,
        stage.daemon(gaps__interval_seconds=NEVER) as daemon,
    ):
        _restore(postgres, other)
        _load_more(stage)
        ours, theirs = (connection.parse_url(url)["dbname"] for url in (stage.url, other))
        rename = "ALTER DATABASE {} RENAME TO {}"
        admin.execute(command("ALTER DATABASE {} ALLOW_CONNECTIONS false", ours))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [ours]
        )
        admin.execute(command(rename, ours, "away"))
        tries = daemon.metric("ingest_errors_total")
        wait_until(lambda: daemon.metric("ingest_errors_total") > tries)
        admin.execute(command(rename, theirs, ours))
        admin.execute(command("ALTER DATABASE {} ALLOW_CONNECTIONS true", "away"))
        admin.execute(command(rename, "away", theirs))
        daemon.wait_for("database_back")
        stage.assert_ends_equal()
        assert len(daemon.events("database_lost")) == 1


def _load_more(stage: Stage) -> None:
    """A new month and a correction, which the dump has not."""
    tree.build(stage.master, WORLD, tree.segments(["2024-04"]))
    stage.correct()
    stage.assert_ends_equal()


def _dump(postgres: Server, url: str) -> None:
    postgres.run("pg_dump", f"--file={DUMP}", f"--dbname={server.as_owner(url)}")


def _restore(postgres: Server, url: str, *before: str) -> None:
    """In one transaction, as whoever restores into a database that is in use should.

    Who drops tables that others read may be the one whom a deadlock ends: then once more.
    """
    line = (*before, f"--file={DUMP}", f"--dbname={server.as_owner(url)}")

    def restored() -> bool:
        try:
            postgres.run("psql", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", *line)
        except ProgramError as error:
            if "deadlock detected" not in str(error):
                raise
            return False
        return True

    wait_until(restored)
