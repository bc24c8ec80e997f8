"""A clean load: the tree into an empty database in one run, undisturbed."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from giddyup_watch.ingest import run
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.model import Rules, newest_first
from giddyup_watch.source import layout
from giddyup_watch.store import connection
from tests.conftest import LOCK_ID

REGIONS, CODES = ("gb", "ire"), ("flat", "jumps")


def load(
    url: str, master: Path, *, codes: Sequence[str] = CODES, rules: Rules | None = None
) -> list[Outcome]:
    """Load every segment on disk, newest first."""
    keys = iter(sorted(layout.look(master, REGIONS, codes).segments, key=newest_first))
    outcomes: list[Outcome] = []
    with closing(connection.connect(url, application_name="clean load")) as conn:
        session = run.Session(conn, master, rules or Rules(), LOCK_ID, orphan_seconds=0.0)
        run.turn(session, run.Request("cli"), lambda: next(keys, None), outcomes.append)
    return outcomes
