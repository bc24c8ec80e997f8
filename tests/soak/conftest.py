"""The stage of tests/faults, on a server of its own; what was measured goes to a file."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from giddyup_watch.model import Rules
from tests.faults.conftest import Stage, own_stage
from tests.server import Server

__all__ = ["own_stage"]

#: Where `make soak` and `make soak-kill` say what they measured.
REPORT = "SOAK_REPORT"
Tell = Callable[..., None]


def size(name: str, otherwise: float) -> float:
    """How much of it: by an environment variable, or what fits CI."""
    return float(os.environ.get(name, otherwise))


@pytest.fixture
def master(tmp_path: Path) -> Path:
    folder = tmp_path / "master"
    folder.mkdir()
    return folder


@pytest.fixture
def ground(own_stage: Stage, own_postgres: Server) -> Stage:
    """Whatever a writer does to a day is believed, so that its last version decides."""
    own_stage.rules = Rules(shrink_guard_percent=100)
    return own_stage


@pytest.fixture
def chance() -> random.Random:
    return random.Random(size("SOAK_SEED", random.randrange(10**6)))


@pytest.fixture
def tell() -> Tell:
    def write(**measured: Any) -> None:
        if path := os.environ.get(REPORT):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(json.dumps(measured, indent=2) + "\n")

    return write
