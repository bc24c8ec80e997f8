"""The database in the state directory: a copy of the disk, shared by its user's processes.

Whoever comes first starts the server, or adopts one that a killed process
left; whoever leaves last stops it. It keeps no backup: at another major
version of PostgreSQL it is moved aside and filled anew.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from giddyup_watch.errors import PermissionDeniedError
from giddyup_watch.store import cluster, connection

FOLDER = "postgres"


def exists(state_dir: Path) -> bool:
    """Whether the state directory holds an embedded server, running or not."""
    try:
        return (state_dir / FOLDER).is_dir()
    except PermissionError as error:
        raise PermissionDeniedError(
            f"the state directory {state_dir} cannot be looked into: {error.strerror}",
            hint="run this as the user whose database it is, or set STATE_DIRECTORY",
        ) from error


@contextmanager
def server(state_dir: Path, *, progress: Callable[[str], None] | None = None) -> Iterator[str]:
    """The URL of the embedded database, which is up for as long as somebody uses it.

    `progress` is told what takes time: making it, moving an old one aside, recovery.
    """
    folder = state_dir.absolute() / FOLDER
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise PermissionDeniedError(f"the state directory cannot be made: {error}") from error
    tell = progress or _tell_nobody
    with cluster.locked(folder.with_name(f"{FOLDER}.users"), fcntl.LOCK_SH) as users:
        with _gate(folder, tell):
            place = _bring_up(folder, tell)
        try:
            yield _url(place, cluster.DATABASE)
        finally:
            with _gate(folder, tell):
                if _last_out(users):
                    cluster.stop(place)


def _tell_nobody(_: str) -> None:
    pass


@contextmanager
def _gate(folder: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """One process at a time starts or stops the server."""
    path = folder.with_name(f"{FOLDER}.lock")
    with ExitStack() as stack:
        try:
            stack.enter_context(cluster.locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError:
            tell("waiting for another process that starts or stops the database")
            stack.enter_context(cluster.locked(path, fcntl.LOCK_EX))
        yield


def _last_out(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _bring_up(folder: Path, tell: Callable[[str], None]) -> cluster.Cluster:
    if folder.exists():
        _move_aside_if_old(cluster.at(folder), tell)
    if not folder.exists():
        tell(f"making a PostgreSQL database in {folder}")
        cluster.create(folder)
    place = cluster.at(folder)
    cluster.bring_up(place, tell)
    _make_database(place)
    return place


def _move_aside_if_old(place: cluster.Cluster, tell: Callable[[str], None]) -> None:
    found = (place.folder / "PG_VERSION").read_text().strip()
    if found == place.major or cluster.alive(place):
        return
    aside = _free_name(place.folder.with_name(f"{FOLDER}-{found}"))
    place.folder.rename(aside)
    tell(f"the database was made by PostgreSQL {found}, this is {place.version}: moved to {aside}")


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}{ending}") for ending in ("", *range(-2, -1000, -1)))
    return next(name for name in names if not name.exists())


def _make_database(place: cluster.Cluster) -> None:
    with closing(
        connection.connect(_url(place, "postgres"), application_name="giddyup-watch")
    ) as conn:
        if not connection.fetch_value(conn, "check_embedded_database"):
            connection.execute(conn, "create_embedded_database")


def _url(place: cluster.Cluster, database: str) -> str:
    host = quote(str(place.folder), safe="")
    return f"postgresql://{cluster.ROLE}@/{database}?host={host}&port={cluster.PORT}"
