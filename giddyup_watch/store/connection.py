"""The way to the server: connect, run the statements of `queries`, name what went wrong.

Functions of this package take a connection and never commit: the caller's
`with connection.transaction(conn)` is the only border.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Literal, TypeAlias, TypeVar, overload

import psycopg
from psycopg import conninfo, rows

from giddyup_watch.errors import (
    ConfigError,
    DatabaseBusyError,
    DatabaseUnavailableError,
    GiddyupError,
    PermanentError,
    PermissionDeniedError,
)
from giddyup_watch.store import queries

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
Params: TypeAlias = Mapping[str, object]
Isolation: TypeAlias = Literal["read committed", "repeatable read"]

T = TypeVar("T")

#: How a dead peer is noticed: by either end after 30 s without an answer of the other's machine,
#: by the server within about a second of the client's death, even in a long statement.
CONNECT_DEFAULTS: dict[str, str | int] = {
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
#: The server is told to look after us as we look after it, or it would keep the locks of a
#: machine that is gone for two hours.
_BOTH_ENDS = ("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
CLIENT_CHECK_INTERVAL = "1100ms"

#: libpq tells a failed connection only in words; these are not cured by waiting.
_DENIED = re.compile(
    r"authentication failed|no pg_hba\.conf entry|no password supplied"
    r"|role \".*\" does not exist|permission denied for database"
)
_NO_DATABASE = re.compile(r"database \".*\" does not exist")

_UNAVAILABLE = ("08", "57P0", "58")
_BUSY = ("40001", "40P01", "55P03", "53", "25006", "57014")
_DENIED_STATES = ("42501", "28")
_STANDBY_HINT = (
    "name the primary in database.url, or every server, with target_session_attrs=read-write"
)
_DENIED_HINT = "doctor names the rights that are missing, migrate --role grants them"
#: Raised by our own SQL when it will not work with what it finds.
_REFUSED = "GW"
#: The database is not as the migrations leave it, or the server lacks an extension.
_CONFIG = (_REFUSED, "42P01", "42703", "42704", "42883", "3F", "3D", "0A", "58P01")

_MODES: Mapping[tuple[Isolation, bool], bytes | None] = {
    ("read committed", False): None,
    ("read committed", True): b"SET TRANSACTION READ ONLY",
    ("repeatable read", False): b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    ("repeatable read", True): b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}


def connect(
    url: str,
    *,
    application_name: str,
    lock_timeout_ms: int = 5000,
    statement_timeout_ms: int = 0,
    password: str | None = None,
    read_only: bool = False,
) -> Connection:
    """Open a connection in autocommit, with every name in SQL looked up in pg_catalog only.

    Raises DatabaseUnavailableError for a standby, unless only to read: it may be promoted.
    """
    params = CONNECT_DEFAULTS | parse_url(url)
    if password is not None:
        params["password"] = password
    try:
        conn = psycopg.connect(
            autocommit=True,
            application_name=application_name,
            client_encoding="UTF8",
            **_without(params, "application_name", "client_encoding"),
        )
    except psycopg.OperationalError as error:
        raise _connect_error(error, params) from error
    with ExitStack() as unless_all_is_well:
        unless_all_is_well.callback(conn.close)
        _refuse_pooler(conn)
        settings = {
            "lock_timeout": f"{lock_timeout_ms}ms",
            "statement_timeout": f"{statement_timeout_ms}ms",
            "read_only": "on" if read_only else "off",
            "check_interval": CLIENT_CHECK_INTERVAL,
            **{name: str(params[name]) for name in _BOTH_ENDS},
        }
        if fetch_value(conn, "set_session", settings) and not read_only:
            raise DatabaseUnavailableError(
                f"the server is a standby, read-only ({_place(params)})", hint=_STANDBY_HINT
            )
        unless_all_is_well.pop_all()
    return conn


def parse_url(url: str) -> dict[str, Any]:
    """Parameters of a libpq URL. The error does not repeat it: there may be a password in it."""
    try:
        return conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ConfigError(
            "the database URL cannot be read",
            hint="postgresql://user@host:5432/database, special characters percent-encoded",
        ) from None


def _without(params: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in names}


def _place(params: Mapping[str, Any]) -> str:
    """Where a connection leads, without what is secret."""
    named = ("host", "port", "dbname", "user")
    return " ".join(f"{name}={params[name]}" for name in named if params.get(name))


def _connect_error(error: psycopg.OperationalError, params: Mapping[str, Any]) -> GiddyupError:
    place = _place(params) or "libpq defaults"
    message = f"no connection to the database ({place}): {error}"
    if _NO_DATABASE.search(str(error)):
        return ConfigError(message, hint="create it, or correct database.url")
    if "Peer authentication failed" in str(error):
        hint = "run this as the user named like the role (runuser -u ROLE --), or name another role"
        return PermissionDeniedError(message, hint=hint)
    if _DENIED.search(str(error)):
        return PermissionDeniedError(message, hint="check role, password and pg_hba.conf")
    return DatabaseUnavailableError(message, hint="is the server running and reachable?")


def _refuse_pooler(conn: Connection) -> None:
    """A pooler invents the process id that it tells the client, and would share our locks out."""
    if fetch_value(conn, "fetch_backend_pid") != conn.info.backend_pid:
        raise ConfigError(
            "the database URL leads to a connection pooler",
            hint="connect directly, not through a pooler: advisory locks need a session",
        )


@contextmanager
def transaction(
    conn: Connection, *, read_only: bool = False, isolation: Isolation = "read committed"
) -> Iterator[None]:
    """The border of a unit of work: committed at its end, rolled back on an error."""
    with translated(), conn.transaction():
        if (modes := _MODES[isolation, read_only]) is not None:
            conn.execute(modes)
        yield


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours, by what can be done about them."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def translate(error: psycopg.Error) -> GiddyupError:
    """Our error for one of the driver's."""
    state = error.sqlstate
    message = _describe(error)
    hint = error.diag.message_hint or ""
    if state is None:
        return _translate_stateless(error, message)
    if state.startswith(_CONFIG):
        return ConfigError(message, hint=hint or "giddyup-watch migrate, or doctor, may tell more")
    if state.startswith(_UNAVAILABLE):
        return DatabaseUnavailableError(message, hint=hint)
    if state.startswith(_BUSY):
        return DatabaseBusyError(message, hint=hint)
    if state.startswith(_DENIED_STATES):
        return PermissionDeniedError(message, hint=hint or _DENIED_HINT)
    return PermanentError(message, hint=hint)


def _translate_stateless(error: psycopg.Error, message: str) -> GiddyupError:
    """The server said nothing: the connection failed, or the driver would not send it."""
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return DatabaseUnavailableError(f"the connection to the database was lost: {message}")
    if isinstance(error, psycopg.DataError):
        return PermanentError(message)
    return GiddyupError(message)


def _describe(error: psycopg.Error) -> str:
    diag = error.diag
    table = f"{diag.schema_name}.{diag.table_name}" if diag.table_name else None
    named = (("table", table), ("column", diag.column_name), ("constraint", diag.constraint_name))
    parts = [diag.message_primary or str(error) or type(error).__name__]
    parts += [f"{what} {name}" for what, name in named if name]
    if diag.message_detail:
        parts.append(diag.message_detail)
    if error.sqlstate and not error.sqlstate.startswith(_REFUSED):
        parts.append(f"SQLSTATE {error.sqlstate}")
    return "; ".join(parts)


@overload
def fetch_all(
    conn: Connection, name: str, params: Params | None = None
) -> list[tuple[Any, ...]]: ...


@overload
def fetch_all(
    conn: Connection, name: str, params: Params | None = None, *, row: type[T]
) -> list[T]: ...


def fetch_all(
    conn: Connection, name: str, params: Params | None = None, *, row: type[T] | None = None
) -> list[T] | list[tuple[Any, ...]]:
    """Rows of the statement in `name`.sql, as `row`s (its fields named like the columns)."""
    with translated():
        if row is None:
            return conn.execute(queries.get(name), params).fetchall()
        with conn.cursor(row_factory=rows.class_row(row)) as cursor:
            return cursor.execute(queries.get(name), params).fetchall()


@overload
def fetch_one(
    conn: Connection, name: str, params: Params | None = None
) -> tuple[Any, ...] | None: ...


@overload
def fetch_one(
    conn: Connection, name: str, params: Params | None = None, *, row: type[T]
) -> T | None: ...


def fetch_one(
    conn: Connection, name: str, params: Params | None = None, *, row: type[T] | None = None
) -> T | tuple[Any, ...] | None:
    """First row of the statement in `name`.sql, None when there is none."""
    with translated():
        if row is None:
            return conn.execute(queries.get(name), params).fetchone()
        with conn.cursor(row_factory=rows.class_row(row)) as cursor:
            return cursor.execute(queries.get(name), params).fetchone()


def fetch_value(conn: Connection, name: str, params: Params | None = None) -> Any:
    """First column of the first row, None when there is no row."""
    found = fetch_one(conn, name, params)
    return None if found is None else found[0]


def execute(conn: Connection, name: str, params: Params | None = None) -> int:
    """Run the statement in `name`.sql; the number of rows it touched."""
    with translated():
        return conn.execute(queries.get(name), params).rowcount


def cancel(conn: Connection | None) -> None:
    """End the statement that another thread runs there, if one does and the server can be told."""
    if conn is not None:
        with suppress(GiddyupError), translated():
            conn.cancel()


def alive(conn: Connection) -> bool:
    """Whether the server still answers on this connection: asked, not assumed."""
    try:
        conn.execute(b"")
    except psycopg.Error:
        return False
    return True
