"""Write Debian's copyright file: our licence, and what the packages carried along say of theirs."""

from importlib import metadata
from pathlib import Path

OURS = "giddyup-watch"


def text() -> str:
    carried = sorted(
        f"  {found.name} {found.version}: {_licence(found.metadata)}"
        for found in metadata.distributions()
        if found.name != OURS
    )
    return "\n".join(
        [
            (Path(__file__).parent.parent / "LICENSE").read_text(),
            "Below /usr/lib/giddyup-watch is what runs of these packages from PyPI, unchanged.",
            "Each has its own licence, in *.dist-info there; psycopg-binary brings libpq and the",
            "libraries that it rests on. /usr/share/common-licenses has LGPL-3 and Apache-2.0.",
            "",
            *carried,
            "",
        ]
    )


def _licence(about: metadata.PackageMetadata) -> str:
    """Its expression; older packages have a classifier only."""
    if "License-Expression" in about:
        return about["License-Expression"]
    classifiers = about.get_all("Classifier") or []
    return ", ".join(line.split(" :: ")[-1] for line in classifiers if line.startswith("License"))


if __name__ == "__main__":
    print(text(), end="")
