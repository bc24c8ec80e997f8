"""With derived.mode = "incremental" the daemon keeps the tables up, or says what is to be done."""

from contextlib import closing
from pathlib import Path

from giddyup_watch.derived import changeover
from giddyup_watch.store import connection
from tests import server
from tests.conftest import LOCK_ID
from tests.daemon.running import running
from tests.daemon.test_worker import correct
from tests.wait import wait_until

MODE = {"derived__mode": "incremental", "derived__min_interval_seconds": 0}


def test_views_that_are_still_materialized_are_refreshed_and_it_is_said(
    racing: Path, database: str
) -> None:
    with running(racing, database, **MODE) as daemon:
        (told,) = daemon.wait_for("views_not_changed_over")
        assert "giddyup-watch derived incremental" in told["hint"]
        daemon.wait_for("views_refreshed", 3)


def test_tables_show_what_a_run_wrote_and_what_others_write(racing: Path, database: str) -> None:
    with closing(connection.connect(server.as_owner(database), application_name="owner")) as owner:
        changeover.run(owner, LOCK_ID, as_tables=True)
        with running(racing, database, **MODE) as daemon:
            daemon.wait_for("run_finished")
            correct(racing)
            daemon.wait_for("run_finished", 2)
            assert owner.execute("TABLE racing.derived_dirty").fetchall() == []
            shown = "SELECT count(*) FROM racing.mv_runner_base WHERE win_ppwap = 77"
            written = owner.execute(
                "UPDATE racing.runners SET win_ppwap = 77 WHERE num = 1"
            ).rowcount
            wait_until(lambda: owner.execute(shown).fetchone() == (written,), 40)
            assert daemon.wait_for("views_caught_up")[0]["races"] > 0
            assert daemon.events("views_refreshed") == []
