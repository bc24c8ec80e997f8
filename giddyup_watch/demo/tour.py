"""The stage of the five-minute tour: everything a daemon needs, and a world that goes on."""

import datetime as dt
import json
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from giddyup_watch.demo import scraper, tree
from giddyup_watch.store import embedded

#: Days that the sample tree is behind: the scraper has news from its first step on.
DAYS_BEHIND = 2
LOOPBACK = "127.0.0.1"
#: Seconds that the scraper gets to finish what it is writing.
SCRAPER_STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is."""

    master: Path
    config: Path
    url: str
    listen: str

    @property
    def guide(self) -> str:
        """What to look at, and what to type."""
        script = Path(sys.executable).with_name("giddyup-watch")
        program = str(script) if script.exists() else f"{sys.executable} -m giddyup_watch"
        return f"""
A pretend scraper changes the tree every {scraper.INTERVAL_SECONDS:g} s; the daemon follows.

  tree       {self.master}
  status     {program} status --config {shlex.quote(str(self.config))}
  database   psql {shlex.quote(self.url)}
  metrics    http://{self.listen}/metrics
  health     http://{self.listen}/healthz and http://{self.listen}/readyz

Ctrl-C ends the tour.
"""


@contextmanager
def stage(directory: Path | None, tell: Callable[[str], None]) -> Iterator[Stage]:
    """Set up tree, database and settings in `directory`, and let the scraper work.

    Without a directory it is a temporary one. In one that was used before,
    tree and database go on from where they stood.
    """
    with ExitStack() as stack:
        if directory is None:
            name = stack.enter_context(tempfile.TemporaryDirectory(prefix="giddyup-demo-"))
            directory = Path(name)
        directory = directory.absolute()
        master = directory / "master"
        _have_tree(master, tell)
        url = stack.enter_context(embedded.server(directory / "state", progress=tell))
        listen = _free_address()
        config = directory / "config.toml"
        config.write_text(_settings(master, url, listen))
        stack.enter_context(_scraping(master))
        yield Stage(master, config, url, listen)


def _have_tree(master: Path, tell: Callable[[str], None]) -> None:
    if master.exists() and any(master.iterdir()):
        return
    tell(f"writing a sample tree to {master}")
    today = scraper.local_now().date() - dt.timedelta(days=DAYS_BEHIND)
    built = tree.sample(master, today)
    tell(f"{built.segments} segments, {built.races} races, {built.runners} runners, all made up")


def _settings(master: Path, url: str, listen: str) -> str:
    """JSON strings are TOML strings."""
    return (
        f"[master]\npath = {json.dumps(str(master))}\n"
        f"[database]\nurl = {json.dumps(url)}\n"
        f"[http]\nlisten = {json.dumps(listen)}\n"
    )


def _free_address() -> str:
    """A port of its own, never one that a real daemon may want."""
    with socket.create_server((LOOPBACK, 0)) as found:
        return f"{LOOPBACK}:{found.getsockname()[1]}"


@contextmanager
def _scraping(master: Path) -> Iterator[None]:
    """The scraper as a process of its own, as the real one is; Ctrl-C does not reach it."""
    command = [sys.executable, "-m", "giddyup_watch.demo.scraper", str(master)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(SCRAPER_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
