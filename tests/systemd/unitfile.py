"""Reading a unit file: every value of every key, in the order they stand."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "systemd"
UNIT = FOLDER / "giddyup-watch.service"
TEMPLATE = FOLDER / "giddyup-watch@.service"
DROP_INS = tuple(sorted((FOLDER / "giddyup-watch.service.d").glob("*.conf")))


def read(path: Path) -> Mapping[str, list[str]]:
    """Values by key: a key's section is of no interest, none is in two."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found[key].append(value)
    return dict(found)


def seconds(text: str) -> float:
    return float(text.removesuffix("min")) * 60 if text.endswith("min") else float(text)
