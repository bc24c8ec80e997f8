"""What is to be done, each step for itself: it can be told, carried out, and found done already."""

import os
import pwd
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from giddyup_watch.errors import ConfigError, PermissionDeniedError, TransientError
from giddyup_watch.store import connection, roles
from giddyup_watch.store import migrate as migrations

COMMAND_SECONDS = 600
#: The user that PostgreSQL runs as, and its first superuser.
SUPERUSER = "postgres"


@dataclass(frozen=True, slots=True)
class Put:
    """A file with these contents; its folder is made."""

    path: Path
    text: str
    mode: int = 0o644
    folder_mode: int = 0o755

    def __str__(self) -> str:
        return f"write {self.path} ({self.mode:04o})"

    def is_done(self) -> bool:
        return self.path.exists() and self.path.read_text("utf-8") == self.text

    def carry_out(self) -> None:
        """The file appears whole, and was never readable by more than its mode says."""
        try:
            self.path.parent.mkdir(mode=self.folder_mode, parents=True, exist_ok=True)
            new = self.path.with_name(f".{self.path.name}.new")
            new.unlink(missing_ok=True)
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123  a descriptor
                file.write(self.text)
                os.fchmod(file.fileno(), self.mode)
            new.rename(self.path)
        except OSError as exc:
            raise PermissionDeniedError(
                f"{self.path} cannot be written: {exc.strerror}", hint="run setup as root"
            ) from exc


@dataclass(frozen=True, slots=True)
class Run:
    """A command; `unless` is another, which ends with 0 when there is nothing left to do."""

    command: tuple[str, ...]
    unless: tuple[str, ...] = ()

    def __str__(self) -> str:
        return shlex.join(self.command)

    def is_done(self) -> bool:
        return bool(self.unless) and _run(self.unless).returncode == 0

    def carry_out(self) -> None:
        done = _run(self.command)
        if done.returncode:
            said = done.stderr.strip() or done.stdout.strip()
            raise TransientError(
                f"{self} ended with {done.returncode}: {said}",
                hint="mend that, and run setup again: what is done is not done twice",
            )


@dataclass(frozen=True, slots=True)
class Migrate:
    """Tables and the service's role, by the superuser: `url` names no role."""

    url: str
    role: str
    lock_id: int

    def __str__(self) -> str:
        told = ("giddyup-watch", "migrate", "--database", self.url, "--role", self.role)
        return shlex.join(as_superuser(*told))

    def is_done(self) -> bool:
        return False

    def carry_out(self) -> None:
        """In this process: the superuser may not be allowed to run our Python."""
        with _superuser():
            conn = connection.connect(self.url, application_name="giddyup-watch setup")
        with closing(conn):
            migrations.apply(conn, self.lock_id)
            roles.keep_up(conn)
            roles.bring_up(conn, self.role)


def as_superuser(*command: str) -> tuple[str, ...]:
    """As the superuser; somebody who is not root has to be it already."""
    return ("runuser", "-u", SUPERUSER, "--", *command) if os.geteuid() == 0 else command


@contextmanager
def _superuser() -> Iterator[None]:
    """Peer authentication goes by the effective user at the moment of connecting."""
    if os.geteuid() != 0:
        yield
        return
    try:
        user = pwd.getpwnam(SUPERUSER)
    except KeyError:
        raise ConfigError(
            f"there is no user {SUPERUSER}: no PostgreSQL is installed here",
            hint="apt-get install postgresql, or make the database where it is",
        ) from None
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


Step = Put | Run | Migrate


def _run(command: Iterable[str]) -> subprocess.CompletedProcess[str]:
    line = list(command)
    try:
        return subprocess.run(
            line, cwd="/", capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS
        )
    except FileNotFoundError:
        raise ConfigError(
            f"{line[0]} is not there",
            hint=f"install what brings it; the step was: {shlex.join(line)}",
        ) from None
