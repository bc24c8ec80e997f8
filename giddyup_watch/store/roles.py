"""Rights: what the role of a daemon that owns nothing is granted, on what, and nothing else.

Partitions need no right of their own: every statement of ours names their parents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from giddyup_watch.errors import ConfigError, PermissionDeniedError
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection

_WRITTEN = ("SELECT", "INSERT", "UPDATE", "DELETE")
_KEPT = ("SELECT", "INSERT", "UPDATE")
_NAMED = ("SELECT", "INSERT")

#: What each table is used for by the statements of `queries`.
TABLES: Mapping[str, tuple[str, ...]] = {
    "racing.races": _WRITTEN,
    "racing.runners": _WRITTEN,
    "racing.courses": _NAMED,
    "racing.horses": _NAMED,
    "racing.trainers": _NAMED,
    "racing.jockeys": _NAMED,
    "racing.owners": _NAMED,
    "racing.bloodlines": _NAMED,
    "racing.etl_runs": _KEPT,
    "racing.ingested_days": _WRITTEN,
    "racing.ledger_segments": _KEPT,
    "racing.ledger_days": _WRITTEN,
    "racing.ledger_races": _WRITTEN,
    "racing.ingest_rejects": ("SELECT", "INSERT", "DELETE"),
    "racing.ingest_control": ("SELECT", "UPDATE"),
    "racing.derived_views": _WRITTEN,
    "racing.derived_upkeep": ("SELECT",),
    "racing.derived_dirty": ("SELECT",),
    "racing.data_gaps": _KEPT,
    "racing.verified_segments": _KEPT,
    "racing.schema_migrations": ("SELECT",),
    "staging.races": ("SELECT", "INSERT", "TRUNCATE"),
    "staging.runners": ("SELECT", "INSERT", "UPDATE", "TRUNCATE"),
    "staging.names": ("SELECT", "INSERT", "UPDATE", "TRUNCATE"),
    "staging.pedigrees": ("SELECT", "INSERT", "UPDATE", "TRUNCATE"),
}
FUNCTIONS = (
    "racing.norm_text(text)",
    "racing.covers_month(regclass,date)",
    "racing.ensure_month(date)",
    "racing.begin_month()",
    "racing.attach_month(date)",
    "racing.measure_facts()",
    "racing.refresh_view(regclass,boolean)",
    "racing.derive_own()",
    "racing.derive_noted(integer)",
    "racing.compare_derived()",
    "racing.watch_facts()",
    "racing.unwatch_facts()",
    "racing.begin_derived(boolean)",
    "racing.build_derived(boolean)",
    "racing.swap_derived(boolean)",
)

#: (kind, name, right); without a name: the database at hand, the sequences of TABLES.
_RIGHTS = [
    ("DATABASE", "", "CONNECT"),
    ("SCHEMA", "racing", "USAGE"),
    ("SCHEMA", "staging", "USAGE"),
    *(("TABLE", name, right) for name, rights in TABLES.items() for right in rights),
    ("SEQUENCE", "", "USAGE"),
    *(("FUNCTION", name, "EXECUTE") for name in FUNCTIONS),
]


@dataclass(frozen=True, slots=True)
class Change:
    """What is due for one object; `rights` like `INSERT ON TABLE racing.races`."""

    verb: Literal["CREATE", "GRANT", "REVOKE"]
    rights: str
    statement: str


def missing(conn: Connection) -> list[str]:
    """What the session's own role lacks, like `INSERT ON TABLE racing.races`."""
    return [one.rights for one in _changes(conn, None) if one.verb == "GRANT"]


def due(conn: Connection, name: str) -> list[str]:
    """Statements that leave the role with the rights it needs, and no others on our objects."""
    _refuse_mighty(conn, name)
    return [one.statement for one in _changes(conn, name)]


def bring_up(conn: Connection, name: str) -> list[str]:
    """Make the role if there is none, grant and revoke what is due; return what was done.

    The caller owns the tables, or is a superuser. Raises PermissionDeniedError
    when something is due that it cannot do, and then nothing is done.
    """
    with connection.transaction(conn):
        _refuse_mighty(conn, name)
        made = [_do(conn, one) for one in _changes(conn, name) if one.verb == "CREATE"]
        return made + _settle(conn, name, _changes(conn, name))


def overdue(conn: Connection) -> list[str]:
    """Grants that roles which were given such rights before have come to lack since."""
    return [one.statement for _, grants in _lacking(conn) for one in grants]


def keep_up(conn: Connection) -> list[str]:
    """Make the grants that are overdue; return them."""
    with connection.transaction(conn):
        return [done for name, grants in _lacking(conn) for done in _settle(conn, name, grants)]


def _refuse_mighty(conn: Connection, name: str) -> None:
    for superuser, owner in connection.fetch_all(conn, "describe_role", {"role": name}):
        if superuser or owner:
            why = "is a superuser" if superuser else "may do all that the tables' owner may"
            raise ConfigError(
                f"the role {name} {why}: nothing can be kept from it",
                hint="name another; one that does not exist is made",
            )


def _changes(conn: Connection, name: str | None) -> list[Change]:
    kinds, names, rights = (list(column) for column in zip(*_RIGHTS, strict=True))
    params = {"role": name, "kinds": kinds, "names": names, "rights": rights}
    found = connection.fetch_all(conn, "find_role_changes", params)
    return [Change(verb, rights, statement) for verb, rights, statement, *_ in found]


def _lacking(conn: Connection) -> list[tuple[str, list[Change]]]:
    names = [name for (name,) in connection.fetch_all(conn, "find_served_roles")]
    return [(name, [one for one in _changes(conn, name) if one.verb == "GRANT"]) for name in names]


def _settle(conn: Connection, name: str, changes: list[Change]) -> list[str]:
    done = [_do(conn, one) for one in changes]
    left = [one.statement for one in _changes(conn, name) if one in changes]
    if left:
        raise PermissionDeniedError(
            f"without effect: {'; '.join(left)}",
            hint="run this as the owner of these objects, or as who granted the rights",
        )
    return done


def _do(conn: Connection, change: Change) -> str:
    conn.execute(change.statement.encode())
    return change.statement
