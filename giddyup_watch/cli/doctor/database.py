"""Checks of the database, once it can be reached."""

import datetime as dt

from giddyup_watch import errors, settings
from giddyup_watch.cli.doctor.check import Checks, Finding, fail, ok, warn
from giddyup_watch.store import ledger, lock, migrate, roles, server, upkeep
from giddyup_watch.store.connection import Connection

#: Seconds that two clocks may differ before times in logs and rows mislead.
SKEW_LIMIT = 2.0

#: Missing rights that one line names.
SAMPLE = 5

BEFORE_MIGRATIONS = ("cannot be told before the migrations", "giddyup-watch migrate")

check: Checks[[settings.Settings, Connection]] = Checks()


@check
def kind(_given: settings.Settings, conn: Connection) -> Finding:
    """Server."""
    found = server.describe(conn)
    text = f"PostgreSQL {found.version}, {found.encoding}, role {found.role}, {found.size}"
    if found.encoding != "UTF8" or not found.folds_accents:
        return fail(
            f"{text}: cannot hold names with accents",
            "createdb --encoding=UTF8 --locale=C.UTF-8 --template=template0",
        )
    return ok(text)


@check
def migrations(_given: settings.Settings, conn: Connection) -> Finding:
    """Migrations."""
    due = migrate.pending(conn)
    if due:
        return fail(f"{len(due)} due: {', '.join(map(str, due))}", "giddyup-watch migrate")
    return ok("all applied")


def _is_migrated(conn: Connection) -> bool:
    try:
        return not migrate.pending(conn)
    except errors.ConfigError:
        return False  # as the check of the migrations has said
    except errors.PermissionDeniedError:
        return True  # there is something that this role may not look at


@check
def rights(_given: settings.Settings, conn: Connection) -> Finding:
    """Rights of the role."""
    if not _is_migrated(conn):
        return warn(*BEFORE_MIGRATIONS)
    missing = roles.missing(conn)
    if not missing:
        return ok("enough for the daemon and every command but migrate")
    more = f"; and {len(missing) - SAMPLE} more" if len(missing) > SAMPLE else ""
    return fail(
        f"missing: {'; '.join(missing[:SAMPLE])}{more}",
        f"giddyup-watch migrate --role {server.describe(conn).role}, as the owner of the tables",
    )


@check
def adoption(_given: settings.Settings, conn: Connection) -> Finding:
    """Rows of others."""
    if not _is_migrated(conn):
        return warn(*BEFORE_MIGRATIONS)
    if ledger.needs_adoption(conn):
        return fail(
            "the database has races and no ledger: the daemon waits",
            "giddyup-watch backfill (with --dry-run first, to see the differences)",
        )
    return ok("none that wait for a backfill")


@check
def derived(given: settings.Settings, conn: Connection) -> Finding:
    """Derived views."""
    if not _is_migrated(conn):
        return warn(*BEFORE_MIGRATIONS)
    found, mode = upkeep.fetch(conn), given.derived.mode
    if found.tables and not found.whole:
        return fail(
            f"the known views are tables: {found.found} of {len(upkeep.KNOWN)} are there,"
            f" with {found.triggers} of {upkeep.TRIGGERS} triggers on races and runners",
            "giddyup-watch derived refresh, then giddyup-watch derived incremental",
        )
    if mode == "incremental" and not found.tables:
        return warn(
            'derived.mode is "incremental", the known views are materialized: they are refreshed',
            "giddyup-watch derived incremental",
        )
    if mode != "incremental" and found.tables:
        return warn(
            f'the known views are tables, derived.mode is "{mode}": they lag behind an ingest',
            'Set derived.mode = "incremental", or giddyup-watch derived refresh.',
        )
    if found.tables:
        return ok(f"tables, {found.races} changes to work off")
    return ok(f"materialized, derived.mode is {mode}")


@check
def ingest_lock(given: settings.Settings, conn: Connection) -> Finding:
    """Ingest lock."""
    holder = lock.holder(conn, given.database.lock_id)
    if holder is None:
        return ok(f"{given.database.lock_id} is free")
    if holder.application.startswith("giddyup-watch "):
        return ok(f"{given.database.lock_id} is held by {holder}")
    return warn(
        f"{given.database.lock_id} is held by {holder}",
        "Nothing is loaded until it lets go; pg_terminate_backend(pid) ends a stranded session.",
    )


@check
def daemons(given: settings.Settings, conn: Connection) -> Finding:
    """Daemon."""
    active = lock.holder(conn, given.database.lock_id, lock.ACTIVE_DAEMON)
    if active is None:
        return warn("none is active on this database", "giddyup-watch run, or start the service.")
    return ok(f"active: {active}")


@check
def clocks(_given: settings.Settings, conn: Connection) -> Finding:
    """Clocks."""
    before = dt.datetime.now(dt.UTC)
    theirs = server.describe(conn).now
    middle = before + (dt.datetime.now(dt.UTC) - before) / 2
    skew = (theirs - middle).total_seconds()
    text = f"the database is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}"
    return ok(text) if abs(skew) <= SKEW_LIMIT else warn(text, "Set both by NTP.")


@check
def time_zone(given: settings.Settings, conn: Connection) -> Finding:
    """Time zone."""
    now = dt.datetime.now(given.master.zone).replace(microsecond=0)
    theirs = server.local_time(conn, given.master.timezone, now)
    if theirs is None:
        return fail(f"the database does not know {given.master.timezone}", "Install its tzdata.")
    if theirs != now.replace(tzinfo=None):
        return warn(
            f"in {given.master.timezone} it is {now:%H:%M} here, {theirs:%H:%M} in the database",
            "One of the two has outdated time zone data: update tzdata.",
        )
    return ok(f"{given.master.timezone} is the same here and in the database")
