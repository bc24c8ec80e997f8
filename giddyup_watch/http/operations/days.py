"""What is told of days over the API and on the page: made once for all who ask."""

import datetime as dt
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from pydantic import BaseModel

from giddyup_watch.explain import coverage
from giddyup_watch.explain.coverage import Coverage
from giddyup_watch.explain.why import answers, document
from giddyup_watch.explain.why.evidence import Subject
from giddyup_watch.explain.why.memory import Memory
from giddyup_watch.gaps import live
from giddyup_watch.gaps.check import Ask
from giddyup_watch.http.operations.desk import Desk
from giddyup_watch.http.operations.findings import Coverage as CoverageAnswer
from giddyup_watch.store import connection, kept
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.kept import Kept

#: Years that are kept, and their documents: as many as people look at.
YEARS, DOCUMENTS = 4, 16


class Days:
    """Shared by all listeners, used by any thread.

    Everything is as of the moment of the question: what is kept is given again only
    while neither the database nor the files in question have changed.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._why = Memory()
        self._years: Kept[Coverage] = Kept(YEARS)
        self._documents: Kept[bytes] = Kept(DOCUMENTS)

    def told(self, name: Hashable, make: Callable[[Connection], BaseModel]) -> bytes:
        """The JSON of what is read of the database's tables and of nothing else."""
        with self._desk.reading() as conn, _snapshot(conn):
            return self._documents.ensure(
                name, kept.mark(conn), lambda: make(conn).model_dump_json().encode()
            )

    def gaps(self, day: dt.date) -> dict[str, object]:
        """What every check finds about the day; writes nothing."""
        with self._asking([f"{day:%Y-%m}"]) as ask:
            return live.answer(ask, day)

    def why(self, about: Iterable[Subject]) -> list[dict[str, Any]]:
        """The documents of the answers."""
        with self._desk.reading() as conn:
            session, terms = self._desk.session(conn), self._desk.terms()
            now = dt.datetime.now(dt.UTC)
            found = answers.answer(session, terms, now, about, self._why)
            return [document.of(one) for one in found]

    def coverage(self, year: int) -> Coverage:
        with self._asking(coverage.months(year)) as ask:
            return self._read(ask, year)

    def coverage_document(
        self, year: int, regions: Collection[str], codes: Collection[str]
    ) -> bytes:
        """The JSON of some regions and codes, of all where none are named."""
        with self._asking(coverage.months(year)) as ask:
            found = self._read(ask, year)

        def encoded() -> bytes:
            shown = coverage.document(coverage.only(found, regions, codes))
            return CoverageAnswer.model_validate(shown).model_dump_json().encode()

        return self._documents.ensure((year, tuple(regions), tuple(codes)), found, encoded)

    def _read(self, ask: Ask, year: int) -> Coverage:
        return self._years.ensure(year, coverage.cause(ask, year), lambda: coverage.read(ask, year))

    @contextmanager
    def _asking(self, months: Collection[str]) -> Iterator[Ask]:
        with self._desk.reading() as conn, _snapshot(conn):
            yield self._desk.ask(conn, months)


def _snapshot(conn: Connection) -> AbstractContextManager[None]:
    return connection.transaction(conn, read_only=True, isolation="repeatable read")
