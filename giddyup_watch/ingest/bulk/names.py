"""The keys that names have in the database, kept from month to month."""

from collections.abc import Iterable

from giddyup_watch.ingest.bulk.texts import Lines, Named
from giddyup_watch.store import months
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.months import Begun

Key = tuple[str, ...]


class Names:
    """Most horses of a month ran in another one too: what was found is not looked up again.

    That holds as long as nobody else can have written since, which the numbers of the transactions
    tell: they are given to all that write, one after the other. Else everything is forgotten.
    """

    def __init__(self) -> None:
        self._known: dict[Key, str] = {}
        self._last: Begun | None = None

    def begin(self, begun: Begun) -> None:
        """Say in which transaction the next names are asked for."""
        last, self._last = self._last, begun
        if last is None or last.others or begun.xid != last.xid + 1:
            self._known.clear()

    def forget(self) -> None:
        """The transaction was rolled back: the rows that it made are not there."""
        self._known.clear()
        self._last = None

    def resolve(self, conn: Connection, lines: Lines) -> tuple[list[str], dict[str, list[str]]]:
        """Return for each race the key of its course, and for each runner those of its names."""
        self._learn_names(conn, lines)
        self._learn_pedigrees(conn, lines.parents)
        found = {kind: self._keys(kind, named) for kind, named in lines.people.items()}
        return self._keys("course", lines.courses), found | {
            "parents": self._keys("parents", lines.parents)
        }

    def _learn_names(self, conn: Connection, lines: Lines) -> None:
        people = [
            (kind, str(name))
            for kind, named in lines.people.items()
            for name in self._unknown(kind, named)
        ]
        courses = [(course[0], course[1]) for course in self._unknown("course", lines.courses)]
        for region in sorted({region for region, _ in courses}) or ([""] if people else []):
            wanted = [*people, *(("course", name) for of, name in courses if of == region)]
            for (kind, name), key in months.keys_of_names(conn, region, wanted).items():
                at = (kind, region, name) if kind == "course" else (kind, name)
                self._known[at] = _text(key)
            people = []

    def _learn_pedigrees(self, conn: Connection, parents: Named) -> None:
        unknown = [(name[0], name[1], name[2]) for name in self._unknown("parents", parents)]
        if unknown:
            for pedigree, key in months.keys_of_pedigrees(conn, unknown).items():
                self._known["parents", *pedigree] = _text(key)

    def _unknown(self, kind: str, named: Named) -> Iterable[str | tuple[str, ...]]:
        return [name for name in named.names if _key(kind, name) not in self._known]

    def _keys(self, kind: str, named: Named) -> list[str]:
        keys = [self._known[_key(kind, name)] for name in named.names]
        keys.append("")
        return [keys[place] for place in named.places]


def _key(kind: str, name: str | tuple[str, ...]) -> Key:
    return (kind, name) if isinstance(name, str) else (kind, *name)


def _text(key: int | None) -> str:
    return "" if key is None else str(key)
