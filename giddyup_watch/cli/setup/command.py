"""Ask, plan, tell, do."""

import os
import sys
from pathlib import Path
from typing import TextIO

import click

from giddyup_watch import errors, settings
from giddyup_watch.cli.setup import plan
from giddyup_watch.cli.setup.plan import Wish
from giddyup_watch.cli.setup.steps import Put, Run, Step

#: A database of this machine, by its socket: the role is the service's user, without a password.
PEER = "postgresql:///giddyup"
#: The user of the unit: peer authentication wants a role of that name.
ROLE = "giddyup-watch"


@click.command()
@click.option("--master", type=click.Path(path_type=Path), help="Master directory.")
@click.option("--database", metavar="URL", help=f"libpq URL; asked for, {PEER} unless told.")
@click.option("--role", default=ROLE, show_default=True, help="Role of the service.")
@click.option(
    "--create-database",
    is_flag=True,
    help="As postgres: make the database, migrate, make the role.",
)
@click.option("--password-file", type=click.File(), help="Password of the role; - reads it.")
@click.option("--token", is_flag=True, help="Make a token for the API, unless there is one.")
@click.option("--start/--no-start", default=True, help="Enable and start the service.")
@click.option("--print", "only_print", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--root", type=click.Path(path_type=Path), help="Write below this folder, and start nothing."
)
def setup(
    *,
    master: Path | None,
    database: str | None,
    role: str,
    create_database: bool,
    password_file: TextIO | None,
    token: bool,
    start: bool,
    only_print: bool,
    root: Path | None,
) -> int:
    """Bring a fresh machine to a running service: settings, credentials, unit, database, start.

    Asks on a terminal for what is not given. What is there already is left as
    it is: a settings file that says otherwise is shown, not overwritten. It can
    be run again and again.
    """
    there = Path("/") if root is None else root.absolute()
    found = plan.present(there)
    path = (master or Path(found.get("master.path") or _asked("--master"))).absolute()
    url = database or found.get("database.url") or _asked("--database", PEER)
    chosen = settings.load(_file(there), {"master.path": path, "database.url": url}, environ={})
    wish = Wish(
        root=there,
        master=path,
        url=url,
        lock_id=chosen.database.lock_id,
        role=role,
        password=password_file.read().strip("\r\n") if password_file else "",
        token=token,
        create_database=create_database,
        start=start and root is None,
    )
    for step in _steps(wish, only_print=only_print):
        _do(step, only_print=only_print)
    _farewell(wish, only_print=only_print)
    return 0


def _steps(wish: Wish, *, only_print: bool) -> list[Step]:
    if wish.root == Path("/") and os.geteuid() != 0 and not only_print:
        raise errors.PermissionDeniedError(
            "only root can set the service up", hint="sudo giddyup-watch setup ..."
        )
    try:
        return plan.steps(wish)
    except PermissionError as exc:
        raise errors.PermissionDeniedError(
            f"{exc.filename} cannot be read", hint="run setup as root"
        ) from exc


def _asked(option: str, default: str | None = None) -> str:
    words = {"--master": "Master directory", "--database": "Database URL"}
    if sys.stdin.isatty():
        return str(click.prompt(words[option], default=default))
    if default is None:
        raise click.UsageError(f"{option} is needed: nobody is there to be asked")
    return default


def _file(root: Path) -> Path | None:
    """The settings that are there, for what else they say; a mistake in them is told first."""
    file = root / plan.SETTINGS
    return file if file.exists() else None


def _do(step: Step, *, only_print: bool) -> None:
    if only_print:
        click.echo(f"would {step}" if isinstance(step, Put) else f"would run: {step}")
        return
    if step.is_done():
        click.echo(f"done before: {step}")
        return
    click.echo(f"{step}" if isinstance(step, Put) else f"run: {step}")
    step.carry_out()


def _farewell(wish: Wish, *, only_print: bool) -> None:
    if only_print:
        return
    if not wish.create_database:
        click.echo(
            "Next, unless the database has its tables and its role: "
            f"giddyup-watch migrate --role {wish.role}, as a role that may make them."
        )
    if not wish.start:
        click.echo(f"Then: {Run(('systemctl', 'enable', '--now', plan.UNIT))}")
    click.echo("systemctl status giddyup-watch says how it is, giddyup-watch doctor what is amiss.")
