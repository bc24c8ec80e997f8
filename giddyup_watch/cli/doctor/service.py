"""Checks of the systemd service: why it failed, and what its hardening keeps from it."""

import ipaddress
import socket
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from giddyup_watch import errors, settings
from giddyup_watch.cli.doctor.check import Checks, Finding, fail, ok, warn
from giddyup_watch.settings import sources

#: There where systemd is process 1.
BOOTED = Path("/run/systemd/system")
UNIT = "giddyup-watch.service"
PROPERTIES = (
    "LoadState", "ActiveState", "StatusText", "Result", "ExecMainStatus", "ProtectHome", "User",
    "IPAddressAllow", "IPAddressDeny",
)  # fmt: skip

#: What ProtectHome= hides.
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))

#: Exit codes of a service that failed, what they mean and what to do: systemd's, then our own.
ENDS = {
    "203": (
        "its program could not be executed",
        "Is it there? ProtectHome= hides a Python below a home directory: install the package.",
    ),
    "226": (
        "its view of the file system could not be made",
        "journalctl -u giddyup-watch names the folder.",
    ),
    "243": (
        "a credential could not be loaded",
        "LoadCredential= names a file that is not there: systemctl cat giddyup-watch shows which.",
    ),
    "69": ("the embedded database does not start", "journalctl -u giddyup-watch says why."),
    "77": ("the role may not do what it has to", "giddyup-watch migrate --role NAME grants it."),
    "78": ("its settings were refused", "journalctl -u giddyup-watch names each mistake."),
}
DROP_INS = "/usr/share/doc/giddyup-watch/examples/giddyup-watch.service.d"

check: Checks[[settings.Settings]] = Checks()


def _unit() -> Mapping[str, str]:
    """Properties of the unit; none where there is no systemd or no such unit.

    Raises TransientError where systemd does not answer: the bus knows no dynamic users.
    """
    if not BOOTED.exists():
        return {}
    command = ["systemctl", "show", UNIT, f"--property={','.join(PROPERTIES)}"]
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    if done.returncode:
        raise errors.TransientError(done.stderr.strip(), hint="run doctor as root")
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    return found if found.get("LoadState") == "loaded" else {}


def _seen() -> Mapping[str, str]:
    """The same, and none where systemd does not answer: the check before has said so."""
    try:
        return _unit()
    except errors.TransientError:
        return {}


@check
def service(_given: settings.Settings) -> Finding:
    """Service."""
    try:
        unit = _unit()
    except errors.TransientError as exc:
        return ok(f"not looked at, root's doctor can: {exc.message}")
    if not unit:
        return ok("not installed here")
    state, ended = unit["ActiveState"], unit["ExecMainStatus"]
    if state == "failed" or unit["Result"] not in ("success", ""):
        text, advice = ENDS.get(ended, ("", "journalctl -u giddyup-watch says why."))
        why = f"{text} ({ended})" if text else f"{unit['Result']} ({ended})"
        return fail(f"{UNIT} is {state}: {why}", advice)
    if state != "active":
        return warn(f"{UNIT} is {state}", "systemctl enable --now giddyup-watch")
    return ok(f"{UNIT} is active: {unit['StatusText']}")


@check
def sight(given: settings.Settings) -> Finding:
    """Service and tree."""
    unit, path = _seen(), given.master.path
    if not unit or path is None:
        return ok("nothing to look at")
    hidden = any(path.resolve().is_relative_to(home) for home in HOMES)
    if hidden and unit["ProtectHome"] in ("yes", "tmpfs"):
        return fail(
            f"ProtectHome={unit['ProtectHome']} hides {path} from the service",
            f"Copy {DROP_INS}/tree-under-home.conf to /etc/systemd/system/{UNIT}.d,"
            " systemctl daemon-reload, restart.",
        )
    closed = next(_closed(path.resolve()), None)
    if closed is not None:
        return warn(
            f"{closed} is closed to others: can the user {unit['User']} enter it?",
            f"setfacl -m u:{unit['User']}:rx {closed}, or chmod o+rx: it has to read all below.",
        )
    return ok(f"{path} is not hidden from the service")


def _closed(path: Path) -> Iterator[Path]:
    """Folders on the way that only their owner and group get through."""
    for folder in (*reversed(path.parents), path):
        needed = stat.S_IXOTH if folder != path else stat.S_IXOTH | stat.S_IROTH
        if folder.exists() and folder.stat().st_mode & needed != needed:
            yield folder


@check
def way_out(given: settings.Settings) -> Finding:
    """Service and database."""
    unit, host = _seen(), _host(given.database.url)
    if not unit or not host or not unit["IPAddressDeny"]:
        return ok("nothing between them")
    allowed = [ipaddress.ip_network(net) for net in unit["IPAddressAllow"].split()]
    shut = [one for one in _addresses(host) if not any(one in net for net in allowed)]
    if shut:
        return fail(
            f"IPAddressDeny= keeps the service from {host} ({', '.join(map(str, shut))})",
            f"{DROP_INS}/remote-database.conf, with that address, goes into"
            f" /etc/systemd/system/{UNIT}.d; then systemctl daemon-reload, restart.",
        )
    return ok(f"it may reach {host}")


def _host(url: str) -> str:
    """The machine that a URL leads to by TCP, if it names one."""
    if not url or url == settings.EMBEDDED:
        return ""
    parts = urlsplit(url)
    host = unquote(parts.hostname or "") or parse_qs(parts.query).get("host", [""])[0]
    return "" if host.startswith("/") else host


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []  # connecting will say so
    return [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]


@check
def credentials(given: settings.Settings) -> Finding:
    """Credentials."""
    folder = sources.CREDENTIALS_FOLDER
    try:
        files = sorted(folder.iterdir())
    except FileNotFoundError:
        files = []
    except PermissionError:
        return ok(f"{folder} is root's to look into")
    wrong = next(filter(None, map(_wrong, files)), None)
    if wrong is not None:
        return wrong
    secrets = given.database.password.get_secret_value() or settings.secrets(given)
    if _host(given.database.url) and not secrets and "db_password" not in {f.name for f in files}:
        return warn(
            f"no password for {_host(given.database.url)}, should it ask for one",
            f"Write it to {folder}/db_password, mode 0600, and restart the service.",
        )
    return ok(f"{', '.join(file.name for file in files) or 'none'} in {folder}")


def _wrong(file: Path) -> Finding | None:
    """What is wrong with a file that the service would get as a credential, or would not get."""
    known = [name.removeprefix("giddyup_watch_") for name in sources.CREDENTIALS]
    status = file.lstat()
    if file.name not in known:
        return fail(f"{file} is read by nobody", f"Call it {' or '.join(known)}.")
    if not stat.S_ISREG(status.st_mode):
        return fail(f"{file} is not a regular file: systemd passes over it", "Copy it there.")
    if not status.st_size:
        return fail(f"{file} is empty", "Write the secret into it, or remove it.")
    if status.st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return warn(f"{file} can be read by others", f"chmod 0600 {file}")
    return None
