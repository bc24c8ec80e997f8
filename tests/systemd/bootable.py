"""Whether a machine can be booted here: `python -m tests.systemd.bootable` says why not."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.systemd import machine

PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "/usr/lib/systemd/systemd": "systemd",
    "/usr/lib/postgresql/15/bin/postgres": "postgresql-15",
    "unshare": "util-linux",
}


def why_not() -> str:
    """The reason; empty when it can."""
    if os.geteuid():
        return "only root can boot a machine"
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        return f"apt-get install {' '.join(missing)}"
    with tempfile.TemporaryDirectory(prefix="gw-boot-") as folder:
        try:
            with machine.booted(Path(folder)):
                return ""
        except (AssertionError, OSError) as error:
            said = (Path(folder) / "console").read_text(errors="replace").splitlines()
            return f"systemd does not boot in a container here: {' / '.join(said[-2:]) or error}"


if __name__ == "__main__":
    sys.exit(why_not() or 0)
