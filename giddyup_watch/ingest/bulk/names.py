"""The keys that names have in the database, kept from month to month."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from giddyup_watch.ingest.bulk.texts import Lines, Name, Named
from giddyup_watch.store import months
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
        """Have rows made, at once where some are known: what is not among them mostly is new.

        What is left has a row, maybe in another spelling, and has to be looked for.
        """
        people: list[tuple[str, str]] = []
        for kind, named in lines.people.items():
            new = [str(name) for name in self._unknown(kind, named)]
            if new and self._known[kind]:
                self._learn(kind, months.make_names(conn, kind, new))
            people += [(kind, str(name)) for name in self._unknown(kind, named)]
        courses = [(course[0], course[1]) for course in self._unknown("course", lines.courses)]
        for region in sorted({region for region, _ in courses}) or ([""] if people else []):
            wanted = [*people, *(("course", name) for of, name in courses if of == region)]
            for (kind, name), key in months.keys_of_names(conn, region, wanted).items():
                self._known[kind][(region, name) if kind == "course" else name] = _text(key)
            people = []

    def _learn_pedigrees(self, conn: Connection, parents: Named) -> None:
        complete = [name for name in self._pedigrees(parents) if all(name)]
        if complete and self._known["parents"]:
            self._learn("parents", months.make_pedigrees(conn, complete))
        if unknown := self._pedigrees(parents):
            self._learn("parents", months.keys_of_pedigrees(conn, unknown))

    def _learn(
        self, kind: str, keys: Mapping[str, int | None] | Mapping[Pedigree, int | None]
    ) -> None:
        known = self._known[kind]
        for name, key in keys.items():
            known[name] = _text(key)

    def _pedigrees(self, parents: Named) -> list[Pedigree]:
        return [(name[0], name[1], name[2]) for name in self._unknown("parents", parents)]

    def _unknown(self, kind: str, named: Named) -> Iterable[Name]:
        known = self._known[kind]
        return [name for name in named.names if name not in known]

    def _keys(self, kind: str, named: Named) -> list[str]:
        known = self._known[kind]
        keys = [known[name] for name in named.names]
        keys.append("")
        return [keys[place] for place in named.places]


def _text(key: int | None) -> str:
    return "" if key is None else str(key)
