"""Fixtures for reading the disk as a user who may not read everything, and for logging."""

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

NOBODY = 65534


@pytest.fixture
def open_master() -> Iterator[Path]:
    """A master directory that any user may reach and fill; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="giddyup-master-") as name:
        path = Path(name)
        path.chmod(0o777)
        yield path
        for entry in sorted(path.rglob("*")):
            entry.chmod(0o755)


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Lose root's right to read everything; ask for it after the folders that are needed."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Leave the process's logging as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
