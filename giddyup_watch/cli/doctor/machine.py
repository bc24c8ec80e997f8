"""Checks of this machine: the tree, the kernel's limits, folders, the port."""

import datetime as dt
import errno
import http.client
import os
import shutil
import socket
import stat
from pathlib import Path

from giddyup_watch import errors, settings
from giddyup_watch.cli.doctor.check import Checks, Finding, fail, ok, warn
from giddyup_watch.source import layout

INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")

#: Bytes free where the embedded server lives. A full tree (1 GB of CSV) takes
#: about 3 GB in the database, WAL and temporary files of a refresh beside it.
DISK_ENOUGH = 5 * 2**30
DISK_TOO_LITTLE = 2**29

HTTP_TIMEOUT_SECONDS = 2

check: Checks[[settings.Settings]] = Checks()


@check
def tree(given: settings.Settings) -> Finding:
    """Master tree."""
    master = given.master
    try:
        look = layout.look(master.tree, master.regions, master.codes)
    except errors.GiddyupError as exc:
        return fail(exc.message, exc.hint or "Mount it, or correct master.path.")
    if not look.segments:
        return warn(
            f"{master.path} has no month folder of ours",
            f"It should hold months, like {master.regions[0]}/{master.codes[0]}/2024-01.",
        )
    aside = f", {len(look.strangers)} other entries left alone" if look.strangers else ""
    return ok(f"{master.path}, {len(look.segments)} segments{aside}")


@check
def events(given: settings.Settings) -> Finding:
    """Inotify watches."""
    if given.watch.backend == "polling":
        return ok('not used: watch.backend is "polling"')
    try:
        limit = int(INOTIFY_LIMIT.read_text("ascii"))
        needed = _folders(given)
    except (OSError, errors.GiddyupError) as exc:
        return warn(f"cannot be told: {exc}", "See the checks above.")
    if needed * 2 > limit:
        return warn(
            f"{needed} folders, and all programs of this user may watch {limit} together",
            "sysctl fs.inotify.max_user_watches=524288; without events the tree is polled.",
        )
    return ok(f"{needed} folders, {limit} allowed")


def _folders(given: settings.Settings) -> int:
    master = given.master
    segments = layout.look(master.tree, master.regions, master.codes).segments
    parents = {(key.region, key.code) for key in segments}
    return 1 + len({region for region, _ in parents}) + len(parents) + len(segments)


@check
def local_time(given: settings.Settings) -> Finding:
    """Local time."""
    now = dt.datetime.now(given.master.zone)
    return ok(f"{now:%Y-%m-%d %H:%M} in {given.master.timezone}: that is what `today` means")


@check
def state_directory(given: settings.Settings) -> Finding:
    """State directory."""
    folder = settings.state_dir()
    if given.database.url not in ("", settings.EMBEDDED):
        return ok(f"{folder} is not used: the database has a URL")
    existing = _existing(folder)
    if not os.access(existing, os.W_OK | os.X_OK):
        return fail(f"{existing} cannot be written", "Set STATE_DIRECTORY or XDG_STATE_HOME.")
    if folder.exists() and folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return warn(f"{folder} can be written by others", f"chmod 0700 {folder}")
    return ok(str(folder) if folder.exists() else f"{folder} will be made")


@check
def disk_space(given: settings.Settings) -> Finding:
    """Disk space."""
    if given.database.url not in ("", settings.EMBEDDED):
        return ok("is the database server's business")
    free = shutil.disk_usage(_existing(settings.state_dir())).free
    text = f"{free / 2**30:.1f} GiB free for the embedded database"
    if free < DISK_TOO_LITTLE:
        return fail(text, "Make room, or move STATE_DIRECTORY.")
    return ok(text) if free >= DISK_ENOUGH else warn(text, "A full-size tree needs 5 GiB.")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


@check
def port(given: settings.Settings) -> Finding:
    """HTTP listener."""
    address = given.http.address
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return _in_use(address)
            return fail(f"{given.http.listen}: {exc.strerror}", "Choose another http.listen.")
    return ok(f"{given.http.listen} is free: no daemon runs with these settings here")


def _in_use(address: settings.Address) -> Finding:
    """A daemon of ours answers there, or it is somebody else's."""
    where = f"{address.host}:{address.port}"
    link = http.client.HTTPConnection(*address, timeout=HTTP_TIMEOUT_SECONDS)
    try:
        link.request("GET", "/healthz")
        answer = link.getresponse().status
    except (OSError, http.client.HTTPException) as exc:
        return fail(f"{where} is taken, and does not answer: {exc}", "ss -ltnp shows by whom.")
    finally:
        link.close()
    if answer == http.client.OK:
        return ok(f"a daemon answers on {where}")
    if answer == http.client.SERVICE_UNAVAILABLE:
        return fail(f"the daemon on {where} says it is not healthy", "Read its log; restart it.")
    return fail(f"{where} is taken by another program", "Choose another http.listen.")
