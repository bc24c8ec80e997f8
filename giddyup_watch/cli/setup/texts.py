"""What is written: the settings from their example, the unit with this program's path."""

import json
import re
from importlib import resources
from pathlib import Path

import giddyup_watch
from giddyup_watch.errors import ConfigError

#: Closed to the service by ProtectHome=yes: neither program nor tree is found there.
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))

_PROGRAM = "/usr/bin/giddyup-watch"
_CHOSEN = re.compile(r"(?m)^(?=[a-z_]+ = )")


def shipped(name: str) -> str:
    """A file that comes with the program: inside the wheel, or beside the package in a checkout."""
    package = Path(str(resources.files(giddyup_watch)))
    found = package / name
    return (found if found.exists() else package.parent / name).read_text("utf-8")


def settings(master: Path, url: str) -> str:
    """Every setting explained, these two set."""
    text = _CHOSEN.sub("#", shipped("config.example.toml"))
    for key, value in (("path", str(master)), ("url", url)):
        line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
        text = re.sub(rf"(?m)^#{key} = .*$", line.replace("\\", r"\\"), text, count=1)
    return text


def unit(program: Path, interpreter: Path) -> str:
    """The unit for a program that no package put into /usr/bin; ConfigError where it cannot run."""
    for path in (program, interpreter):
        if below_home(path):
            raise ConfigError(
                f"{path} is below a home directory, which the service cannot see"
                " (ProtectHome=yes: it would end as 203/EXEC)",
                hint="install it outside, with a Python that is outside too: docs/install.md",
            )
    return shipped("systemd/giddyup-watch.service").replace(_PROGRAM, str(program))


def below_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in HOMES)
