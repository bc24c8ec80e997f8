"""Prints the OpenAPI document of the default regions and codes: `make openapi` keeps it."""

import json
import sys
from typing import Any, cast

from giddyup_watch.http import app
from giddyup_watch.http.operations.desk import Desk
from giddyup_watch.http.operations.forms import Folders
from giddyup_watch.settings import Settings


def text() -> str:
    master = Settings().master
    nobody = cast("Any", None)  # is asked nothing
    made = app.document(Folders(master.regions, master.codes), cast("Desk", nobody))
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
