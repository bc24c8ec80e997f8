"""The programs that the documents show run as they stand."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from giddyup_watch.demo import tree
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.model import SegmentKey
from tests.docs.markdown import ROOT
from tests.flow.loading import load
from tests.wait import wait_until

FLAT = SegmentKey("gb", "flat", "2024-06")


@contextmanager
def listener(url: str) -> Iterator[list[str]]:
    """examples/listen.py at work, and the lines that it has printed."""
    said: list[str] = []
    program = subprocess.Popen(
        [sys.executable, ROOT / "examples" / "listen.py", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout
    assert program.stderr
    readers = [
        threading.Thread(target=said.extend, args=[pipe])
        for pipe in (program.stdout, program.stderr)
    ]
    for reader in readers:
        reader.start()
    try:
        yield said
    finally:
        program.kill()
        for reader in readers:
            reader.join()
        program.stdout.close()
        program.stderr.close()
        program.wait()


def test_listen(database: str, conn: psycopg.Connection, tmp_path: Path) -> None:
    tree.build(tmp_path, World(seed=3, volume=0.1), [FLAT])
    with listener(database) as said:
        wait_until(lambda: "listening\n" in said)
        load(database, tmp_path)
        (told,) = wait_until(lambda: [line for line in said if line.startswith(f"{FLAT}: ")])
        (runners,) = conn.execute("SELECT count(*) FROM racing.runners").fetchone() or (0,)
        assert told.endswith(f": {runners} new, 0 changed runners\n")
        assert "2024-06-" in told

        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"
        )
        conn.commit()
        wait_until(lambda: any(line.startswith("lost: ") for line in said))
        wait_until(lambda: said.count("listening\n") == 2)
