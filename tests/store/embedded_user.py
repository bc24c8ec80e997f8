"""A process that uses the embedded database until its input ends."""

import sys
from pathlib import Path

from giddyup_watch.store import embedded

if __name__ == "__main__":
    with embedded.server(Path(sys.argv[1])) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        sys.stdin.read()
