"""A PostgreSQL server for tests: made in a folder, thrown away with it.

By default from the embedded binaries; with GIDDYUP_TEST_POSTGRES=/usr/lib/postgresql/15/bin
from those. It listens only on a socket in a folder that is closed to others, so
it can trust whoever gets there. For a TCP address, put a proxy in front of it.
"""

import os
import pwd
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from giddyup_watch.store import binaries

PORT = 5432
ROLE = "postgres"

#: A test's server may lose everything at a power cut.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "port": str(PORT),
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "4GB",
    "max_connections": "60",
    "log_checkpoints": "off",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Server:
    folder: Path
    user: pwd.struct_passwd
    bin: Path

    def run(self, program: str, *options: str) -> str:
        """Run a PostgreSQL program in the folder as the server's user."""
        command = [str(self.bin / program), *options]
        return binaries.run_as(self.user, command, folder=self.folder, seconds=120).stdout

    def start(self) -> None:
        settings = shlex.join(f"--{name}={value}" for name, value in SETTINGS.items())
        self._control("start", "--log=server.log", f"--options={settings}")

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is the crash that PostgreSQL itself knows."""
        self._control("stop", f"--mode={mode}")

    def url(self, database: str, role: str = ROLE) -> str:
        host = quote(str(self.folder), safe="")
        return f"postgresql://{role}@/{database}?host={host}&port={PORT}"

    @property
    def socket(self) -> Path:
        return self.folder / f".s.PGSQL.{PORT}"

    @property
    def version(self) -> int:
        """The major version."""
        return int((self.folder / "PG_VERSION").read_text())

    def _control(self, action: str, *options: str) -> None:
        self.run("pg_ctl", action, "--pgdata=/proc/self/cwd", "--wait", "--timeout=60", *options)


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
