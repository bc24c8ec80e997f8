"""Which database a command works on, and the connection to it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click

from giddyup_watch import errors, settings
from giddyup_watch.store import connection, embedded, migrate
from giddyup_watch.store.connection import Connection

_HINT = "set database.url, or GIDDYUP_WATCH_DATABASE__URL, to a libpq URL or to 'embedded'"


def typed_by_a_person() -> bool:
    """Whether somebody sits before this process."""
    return any(os.isatty(stream) for stream in (0, 1, 2))


def decided(given: settings.Settings, *, may_create: bool = False) -> settings.Settings:
    """The settings with a database: without a URL it is the embedded one, where that is allowed."""
    if given.database.url:
        return given
    if os.environ.get("NOTIFY_SOCKET"):
        raise errors.ConfigError("a service needs a database: database.url is not set", hint=_HINT)
    if not may_create and not embedded.exists(settings.state_dir()):
        raise errors.ConfigError(
            f"no database: database.url is not set, and {settings.state_dir()}"
            " holds no embedded server",
            hint=_HINT,
        )
    database = given.database.model_copy(update={"url": settings.EMBEDDED})
    return given.model_copy(update={"database": database})


@contextmanager
def connected(
    given: settings.Settings, purpose: str, *, read_only: bool = False
) -> Iterator[Connection]:
    """Connect as `giddyup-watch PURPOSE`; the embedded server is started when it does not run."""
    database = decided(given).database
    with ExitStack() as stack:
        url = database.url
        if url == settings.EMBEDDED:
            url = stack.enter_context(embedded.server(settings.state_dir(), progress=_progress))
        conn = connection.connect(
            url,
            application_name=f"giddyup-watch {purpose}",
            lock_timeout_ms=database.lock_timeout_ms,
            password=database.password.get_secret_value() or None,
            read_only=read_only,
        )
        stack.callback(conn.close)
        yield conn


def require_migrated(conn: Connection) -> None:
    """Raise ConfigError while migrations are due."""
    due = migrate.pending(conn)
    if due:
        raise errors.ConfigError(
            f"the database is not ready: {len(due)} migration{'s' * (len(due) > 1)} due"
            f" ({', '.join(str(one) for one in due)})",
            hint="giddyup-watch migrate",
        )


def _progress(text: str) -> None:
    click.echo(text, err=True)
