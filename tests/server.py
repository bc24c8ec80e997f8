"""A PostgreSQL server for tests: made in a folder, thrown away with it.

By default from the embedded binaries; with GIDDYUP_TEST_POSTGRES=/usr/lib/postgresql/15/bin
from those. It listens only on a socket in a folder that is closed to others, so
it can trust whoever gets there. For a TCP address, put a proxy in front of it.
"""

import itertools
import os
import pwd
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

from giddyup_watch.store import binaries

PORT = 5432
ROLE = "postgres"

#: Who uses migrated databases: with GIDDYUP_TEST_ROLE=1 a role with the rights of a daemon, so
#: that what the program does without owning anything is what is tested. See `as_owner`.
DAEMON = "daemon" if os.environ.get("GIDDYUP_TEST_ROLE") == "1" else ROLE

#: A test's server may lose everything at a power cut, and has little to tidy up or to plan.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "port": str(PORT),
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    "max_connections": "60",
    "log_checkpoints": "off",
    "timezone": "UTC",
}

#: What it takes to have a standby, or to be one.
REPLICATED = {"wal_level": "replica", "max_wal_senders": "4", "full_page_writes": "on"}

#: Copying files takes a third of the time that the write-ahead log of every page would.
CREATE: LiteralString = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"

EMPTY = "template1"

_numbers = itertools.count(1)


class ProgramError(Exception):
    """A PostgreSQL program ended with an error."""


@dataclass(frozen=True)
class Server:
    folder: Path
    user: pwd.struct_passwd
    bin: Path

    def run(self, program: str, *options: str) -> str:
        """Run a PostgreSQL program in the folder as the server's user."""
        line = [str(self.bin / program), *options]
        try:
            return binaries.run_as(self.user, line, folder=self.folder, seconds=120).stdout
        except subprocess.CalledProcessError as error:
            raise ProgramError(f"{program}: {error.stderr}") from error

    def start(self, **changed: str) -> None:
        """With other settings than those of all tests, where some are given."""
        chosen = {**SETTINGS, **changed}
        settings = shlex.join(f"--{name}={value}" for name, value in chosen.items())
        self._control("start", "--log=server.log", f"--options={settings}")

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is the crash that PostgreSQL itself knows."""
        self._control("stop", f"--mode={mode}")

    def kill(self) -> None:
        """SIGKILL to the postmaster: what the kernel does when memory runs out."""
        self.run("pg_ctl", "kill", "KILL", (self.folder / "postmaster.pid").read_text().split()[0])

    def url(self, database: str, role: str = ROLE) -> str:
        host = quote(str(self.folder), safe="")
        return f"postgresql://{role}@/{database}?host={host}&port={PORT}"

    @contextmanager
    def database(self, template: str = EMPTY) -> Iterator[str]:
        """URL of a fresh database, which is dropped at the end whoever is still in it.

        One made from a migrated template is for DAEMON to use.
        """
        name = f"test_{next(_numbers)}"
        with self.administrator() as admin:
            admin.execute(command(CREATE, name, template))
        try:
            yield self.url(name, ROLE if template == EMPTY else DAEMON)
        finally:
            with self.administrator() as admin:
                admin.execute(command("DROP DATABASE {} WITH (FORCE)", name))

    @contextmanager
    def administrator(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with closing(psycopg.connect(self.url("postgres"), autocommit=True)) as admin:
            yield admin

    def copy(self, folder: Path) -> "Server":
        """Make a standby of it, not started, in a folder like that of `make`; it has REPLICATED."""
        os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        made = Server(folder, self.user, self.bin)
        made.run(
            "pg_basebackup", "--pgdata=/proc/self/cwd", f"--dbname={self.url('postgres')}",
            "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
        )  # fmt: skip
        made.socket.with_name(f"{made.socket.name}.lock").unlink()  # the socket lies among the data
        return made

    def promote(self) -> None:
        """Make a primary of a standby."""
        self._control("promote")

    @property
    def socket(self) -> Path:
        return self.folder / f".s.PGSQL.{PORT}"

    @property
    def version(self) -> int:
        """The major version."""
        return int((self.folder / "PG_VERSION").read_text())

    def _control(self, action: str, *options: str) -> None:
        self.run("pg_ctl", action, "--pgdata=/proc/self/cwd", "--wait", "--timeout=60", *options)


def as_role(url: str, role: str) -> str:
    return re.sub(r"(?<=^postgresql://)[^@]+(?=@)", role, url)


def as_owner(url: str) -> str:
    """The same database for what only a test does: as the role that owns it all."""
    return as_role(url, ROLE)


def alter(conn: psycopg.Connection[Any], text: str, params: Sequence[object] = ()) -> int:
    """Do to the database of `conn` what only the owner may; how many rows it was."""
    with closing(psycopg.connect(conn.info.dsn, user=ROLE)) as owner, owner:
        return owner.execute(text.encode(), params or None).rowcount


def command(text: LiteralString, *names: str) -> sql.Composed:
    """A statement with identifiers in the places of {}."""
    return sql.SQL(text).format(*map(sql.Identifier, names))


def make(folder: Path) -> Server:
    """A new server, not started, in an empty `folder` of ours that nobody else can enter."""
    user = binaries.server_user()
    found, _ = binaries.usable_by(user)
    chosen = os.environ.get("GIDDYUP_TEST_POSTGRES")
    server = Server(folder, user, Path(chosen or found))
    os.chown(folder, user.pw_uid, user.pw_gid)
    provider = [] if chosen else ["--locale-provider=builtin"]
    server.run(
        "initdb", "--pgdata=/proc/self/cwd", f"--username={ROLE}", "--auth=trust", "--no-sync",
        "--encoding=UTF8", "--locale=C.UTF-8", *provider,
    )  # fmt: skip
    return server
