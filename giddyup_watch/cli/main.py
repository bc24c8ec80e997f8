"""The command group and the one place where errors become exit codes."""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import click

from giddyup_watch import __version__, errors

PROGRAM = "giddyup-watch"

EXIT_USAGE = 64
EXIT_BUG = 70
EXIT_INTERRUPTED = 128 + 2  # as the shell says of a process that SIGINT ended
EXIT_BROKEN_PIPE = 128 + 13  # likewise SIGPIPE


class _Entry(NamedTuple):
    module: str
    help: str


#: Every command. Its module is imported when it is used, so that `--help`
#: answers at once (60 ms instead of 400 with the driver, pydantic and rich).
COMMANDS = {
    "run": _Entry("run", "Follow the tree and keep the database equal to it: the daemon."),
    "ingest": _Entry("loading.ingest", "Load some days or months now."),
    "backfill": _Entry("loading.backfill", "Load everything on disk that is not loaded."),
    "gaps": _Entry(
        "asking.gaps", "What is missing or does not add up; `gaps ack` acknowledges one."
    ),
    "status": _Entry(
        "asking.status", "Last run, lock holder, pause, freshness, states of segments."
    ),
    "why": _Entry("asking.why", "Say why a day or month is loaded, or is not."),
    "coverage": _Entry(
        "asking.coverage", "A year of days: loaded, missing, held; by region and code."
    ),
    "verify": _Entry("asking.verify", "Prove, row by row, that the database equals the files."),
    "cancel": _Entry("loading.control", "Stop the running ingest at its next safe point."),
    "pause": _Entry("loading.control", "Go on watching, but load nothing."),
    "resume": _Entry("loading.control", "Load again, what was parked by a cancel too."),
    "reload": _Entry("loading.control", "Have the daemon read its settings again."),
    "migrate": _Entry("maintenance.migrate", "Bring the database to this version's tables."),
    "derived": _Entry(
        "maintenance.derived", "How the known views are kept: as tables, or refreshed."
    ),
    "config": _Entry("maintenance.config", "Check or show the settings."),
    "doctor": _Entry("doctor", "Check what a person would check by hand."),
    "setup": _Entry("setup", "Bring a fresh machine to a running service."),
    "demo": _Entry("demo", "The five-minute tour on a sample tree."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"giddyup_watch.cli.{entry.module}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader of our output left: nobody is there to be told, not even at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_BROKEN_PIPE
        return code


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM)
def cli() -> None:
    """Follow a tree of racing results and keep a PostgreSQL database equal to it.

    Exit codes: 0 done; 1 found gaps or differences; 64 usage; 65 some day rejected, held
    or refused; 66 tree missing; 69 database unavailable; 70 a bug; 75 lock held by
    another; 77 permission; 78 configuration.
    """


def main() -> NoReturn:
    """Run the command line that the process was given."""
    sys.exit(run(sys.argv[1:]))


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors are told on stderr."""
    try:
        return int(cli.main(list(args), prog_name=PROGRAM, standalone_mode=False) or 0)
    except click.ClickException as exc:
        exc.show()
        return EXIT_USAGE
    except click.Abort:
        return EXIT_INTERRUPTED
    except errors.GiddyupError as exc:
        _tell(exc.message, exc.hint)
        return exc.exit_code
    except Exception as exc:  # noqa: BLE001  the last stop: whatever it is, it ends as 70, not as 1
        return _bug(exc)


def _tell(message: str, hint: str = "") -> None:
    click.echo(f"{PROGRAM}: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def _bug(exc: Exception) -> int:
    if os.environ.get("GIDDYUP_WATCH_LOG__LEVEL") == "debug":
        traceback.print_exception(exc)
    _tell(
        f"this is a bug: {type(exc).__name__}: {exc}",
        "GIDDYUP_WATCH_LOG__LEVEL=debug shows where it happened.",
    )
    return EXIT_BUG
