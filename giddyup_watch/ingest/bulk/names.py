"""The keys that names have in the database, kept from month to month."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping

from giddyup_watch.ingest.bulk.texts import Lines, Name, Named
from giddyup_watch.store import months, rowdigests
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.months import Pedigree


class Names:
    """Most horses of a month ran in another one too: what was found is not looked up again.

    That holds as long as nobody changes names, which the server counts; then everything is
    forgotten. It counts some seconds late: months that went in meanwhile are as if they had gone in
    before the change. A name that was removed is missed by the foreign keys.
    """

    def __init__(self) -> None:
        self._known: defaultdict[str, dict[Name, str]] = defaultdict(dict)
        self._changes: int | None = None

    def begin(self, changes: int | None) -> None:
        """Say how often names have been changed by anybody, before the next ones are asked for."""
        if changes is None or changes != self._changes:
            self._known.clear()
        self._changes = changes

    def forget(self) -> None:
        """The transaction was rolled back: the rows that it made are not there."""
        self._known.clear()

    def resolve(self, conn: Connection, lines: Lines) -> tuple[list[str], dict[str, list[str]]]:
        """Return for each race the key of its course, and for each runner those of its names."""
        self._learn_names(conn, lines)
        self._learn_pedigrees(conn, lines.parents)
        found = {kind: self._keys(kind, named) for kind, named in lines.people.items()}
        return self._keys("course", lines.courses), found | {
            "parents": self._keys("parents", lines.parents)
        }

    def _learn_names(self, conn: Connection, lines: Lines) -> None:
        """Have rows made of names that are new, at once.

        Where none is known yet they are looked for first: rows that are there already cost a
        number each when they are made again. What is left has a row in another spelling.
        """
        people: list[tuple[str, str]] = []
        for kind, named in lines.people.items():
            names = [str(name) for name in self._unknown(kind, named.names)]
            if names and not self._known[kind]:
                found = rowdigests.find_names(conn, "", [(kind, name) for name in names])
                self._learn(kind, {name: found[kind, name] for name in names})
                names = [str(name) for name in self._unknown(kind, names)]
            if names:
                self._learn(kind, months.make_names(conn, kind, names))
            people += [(kind, str(name)) for name in self._unknown(kind, names)]
        courses = [(name[0], name[1]) for name in self._unknown("course", lines.courses.names)]
        for region in sorted({region for region, _ in courses}) or ([""] if people else []):
            wanted = [*people, *(("course", name) for of, name in courses if of == region)]
            for (kind, name), key in months.keys_of_names(conn, region, wanted).items():
                self._known[kind][(region, name) if kind == "course" else name] = _text(key)
            people = []

    def _learn_pedigrees(self, conn: Connection, parents: Named) -> None:
        """As names are learned; what has an unknown parent is always looked for."""
        names = self._unknown("parents", parents.names)
        complete = _pedigrees(name for name in names if all(name))
        if complete and not self._known["parents"]:
            found = rowdigests.find_bloodlines(conn, complete)
            self._learn("parents", {name: found[name] for name in complete})
            complete = _pedigrees(self._unknown("parents", complete))
        if complete:
            self._learn("parents", months.make_pedigrees(conn, complete))
        if left := _pedigrees(self._unknown("parents", names)):
            for name, key in months.keys_of_pedigrees(conn, left).items():
                self._known["parents"][name] = _text(key)

    def _learn(
        self, kind: str, keys: Mapping[str, int | None] | Mapping[Pedigree, int | None]
    ) -> None:
        known = self._known[kind]
        for name, key in keys.items():
            if key is not None:
                known[name] = str(key)

    def _unknown(self, kind: str, names: Iterable[Name]) -> list[Name]:
        return list(itertools.filterfalse(self._known[kind].__contains__, names))

    def _keys(self, kind: str, named: Named) -> list[str]:
        keys = list(map(self._known[kind].__getitem__, named.names))
        keys.append("")
        return list(map(keys.__getitem__, named.places))


def _pedigrees(names: Iterable[Name]) -> list[Pedigree]:
    return [(name[0], name[1], name[2]) for name in names]


def _text(key: int | None) -> str:
    return "" if key is None else str(key)
