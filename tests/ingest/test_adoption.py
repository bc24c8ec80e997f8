"""A database that others filled: compared whole, ours from then on where a file has it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.ingest import dryrun, run
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.store import connection, ledger
from tests import comparison, legacy
from tests.conftest import migrated
from tests.ingest.conftest import FLAT, JUMPS, SMALL, Bench
from tests.server import Server


@pytest.fixture(scope="module", params=sorted(legacy.VARIANTS))
def filled(
    request: pytest.FixtureRequest, postgres: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """Name of a database that a plain loader filled, and the tree it did that from."""
    variant = legacy.VARIANTS[request.param]
    master = tmp_path_factory.mktemp("filled")
    with postgres.database() as url:
        legacy.build(url, variant)
        legacy.fill(url, variant)
        with closing(connection.connect(url, application_name="adoption")) as conn:
            for key in (FLAT, JUMPS):
                Bench(conn, master).put(key, SMALL.month(key))
        legacy.load_tree(url, master)
        migrated(url)
        yield connection.parse_url(url)["dbname"], master


@pytest.fixture
def adopted(postgres: Server, filled: tuple[str, Path]) -> Iterator[Bench]:
    """That database, with rows that no file has, and that tree, which no test changes."""
    name, master = filled
    with (
        postgres.database(name) as url,
        closing(connection.connect(url, application_name="adoption")) as conn,
    ):
        yield Bench(conn, master)


def backfill(bench: Bench) -> list[Outcome]:
    queue = iter(bench.keys())
    outcomes: list[Outcome] = []
    run.turn(
        bench.session,
        run.Request("cli", adopts=True),
        lambda: next(queue, None),
        outcomes.append,
    )
    return outcomes


def strangers(bench: Bench) -> list[tuple[object, ...]]:
    return bench.rows(
        "SELECT n.*, r.* FROM racing.runners n JOIN racing.races r USING (race_id, race_date)"
        " WHERE r.race_key LIKE '%%ascot%%' ORDER BY n.runner_id"
    )


def test_it_is_owed_until_a_backfill_has_compared_everything(adopted: Bench) -> None:
    assert ledger.needs_adoption(adopted.conn)
    adopted.turn(FLAT)
    assert ledger.needs_adoption(adopted.conn)
    backfill(adopted)
    assert not ledger.needs_adoption(adopted.conn)


def test_what_is_ours_is_then_equal_and_what_is_not_untouched(
    adopted: Bench, database: str
) -> None:
    before = strangers(adopted)
    assert before
    backfill(adopted)
    assert strangers(adopted) == before
    adopted.conn.execute(
        "DELETE FROM racing.runners WHERE race_id IN"
        " (SELECT race_id FROM racing.races WHERE race_key LIKE '%ascot%')"
    )
    adopted.conn.execute("DELETE FROM racing.races WHERE race_key LIKE '%ascot%'")
    adopted.conn.execute(
        "DELETE FROM racing.ingested_days WHERE d NOT IN (SELECT d FROM racing.ledger_days)"
    )
    with closing(connection.connect(database, application_name="clean")) as conn:
        clean = Bench(conn, adopted.master)
        clean.turn(*adopted.keys())
    url = adopted.conn.info.dsn
    assert comparison.difference(url, database) == []


def test_the_dry_run_shows_the_differences_and_writes_nothing(adopted: Bench) -> None:
    key = adopted.card(FLAT).runners[3]["runner_key"]
    adopted.conn.execute("UPDATE racing.runners SET comment = 'mine' WHERE runner_key = %s", (key,))
    request = run.Request("cli", adopts=True)
    previews = list(dryrun.preview(adopted.session, request, adopted.keys()))
    said = [p.outcome.effects for p in previews]
    done = [outcome.effects for outcome in backfill(adopted)]
    assert said == done
    cells = {(c.key, c.column) for p in previews for c in p.changes}
    assert (key, "comment") in cells


def test_an_interrupted_adoption_is_still_owed(adopted: Bench) -> None:
    queue = iter([FLAT])

    def stop(_: Outcome) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.turn(adopted.session, run.Request("cli", adopts=True), lambda: next(queue, None), stop)
    assert ledger.needs_adoption(adopted.conn)
