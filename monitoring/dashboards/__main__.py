"""Write every dashboard's JSON, or with --check say which is not what the code makes."""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.dashboards import ingest, overview, quality, tables

FOLDER = Path(__file__).resolve().parents[1] / "grafana" / "dashboards"
ALL = (overview, ingest, quality, tables)


def text(made: dashboard.Dashboard) -> str:
    built = made.build()
    for number, panel in enumerate(built.panels or (), 1):
        panel.id_val = number
    return json.dumps(built, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    drifted = []
    for module in ALL:
        path, made = FOLDER / f"{module.UID}.json", text(module.build())
        if "--check" not in arguments:
            path.write_text(made, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != made:
            drifted.append(path.name)
    if drifted:
        sys.stderr.write(f"not what the code makes: {', '.join(drifted)}; make dashboards\n")
    return bool(drifted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
