"""Files that somebody made to hurt: each is refused by name, and costs the daemon no memory."""

import os
import re
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from giddyup_watch.demo import edits, tree, writers
from tests.daemon.running import get
from tests.faults import sessions
from tests.faults.conftest import FLAT, SEGMENTS, WORLD, Stage, command
from tests.flow.daemon import Daemon

pytestmark = pytest.mark.failure(line=31)

#: Of the daemon at its largest, and of a file that is read whole.
MEGABYTES, ALLOWED = 256, 32 * 2**20

#: What would clear a terminal, give it a title, change its colour.
DRIVES = "\x1b[2J\x1b]0;\x07\x9b31m"

Hurt = Callable[[Path], object]


def huge(file: Path) -> None:
    os.truncate(file, 5 * 10**9)


def one_line(file: Path) -> None:
    head = file.read_bytes().partition(b"\n")[0]
    file.write_bytes(head + b"\n" + b"x" * ALLOWED + b"\n")


def million_columns(file: Path) -> None:
    file.write_bytes(b",".join(b"c%d" % number for number in range(10**6)) + b"\n")


def only_newlines(file: Path) -> None:
    head = file.read_bytes().partition(b"\n")[0]
    file.write_bytes(head + b"\n" * ALLOWED)


def columns_of_sql(file: Path) -> None:
    """A header is no part of any statement."""
    head, newline, rows = file.read_bytes().partition(b"\r\n")
    names = b"""race_key); DROP TABLE racing.races; --,"x"" (y) FROM PROGRAM 'id' --",%s,{},\\."""
    more = newline.join(line + b",,,,," for line in rows.split(newline)[:-1])
    file.write_bytes(head + b"," + names + newline + more + newline)


def link_out_of_the_tree(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def bound_socket(file: Path) -> None:
    file.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    with closing(socket.socket(socket.AF_UNIX)) as bound:
        bound.bind(f"/proc/self/fd/{folder}/{file.name}")  # the path itself may be too long
    os.close(folder)


def device(file: Path) -> None:
    file.unlink()
    os.mknod(file, 0o020600, os.makedev(1, 5))  # zeros without end


#: What is said of the file, or nothing where its races are loaded all the same.
HURTS: dict[Hurt, str] = {
    huge: "has 5,000,000,000 bytes, the limit is",
    million_columns: "its header cannot be read: more than 65,536 bytes",
    link_out_of_the_tree: "is not a regular file",
    pipe: "is not a regular file",
    bound_socket: "is not a regular file",
    device: "is not a regular file",
    one_line: "",
    only_newlines: "",
    columns_of_sql: "",
}


@pytest.mark.root  # makes a device
@pytest.mark.slow
def test_each_is_refused_or_costs_its_lines_and_the_daemon_stays_small(stage: Stage) -> None:
    tree.build(stage.master, WORLD, tree.segments(["2024-03", "2024-04"]))
    hurt = dict(zip(tree.segments(["2024-03", "2024-04", "2024-05"]), HURTS, strict=False))
    for key, harm in hurt.items():
        harm(writers.paths(stage.master, key)["runners"])
    with stage.daemon() as daemon:
        refused = sum(map(bool, HURTS.values()))
        daemon.wait_for("segment_refused", refused)
        stage.wait_until_loaded(3 * SEGMENTS - refused)
        said = {one["segment"]: one["reason"] for one in daemon.events("segment_refused")}
        assert said.keys() == {str(key) for key, harm in hurt.items() if HURTS[harm]}
        for key, harm in hurt.items():
            assert HURTS[harm] in said.get(str(key), "")
        assert get(f"{daemon.url}/healthz").status == 200
        assert _largest(daemon) < MEGABYTES
    rejected = stage.count("racing.ingest_rejects")
    assert rejected == 1  # the one line; a blank one is none
    assert stage.count("racing.runners") > 0


def test_names_that_lead_out_of_the_tree_are_strangers(stage: Stage) -> None:
    """Links among the folders, and names that are paths, statements or no text at all."""
    outside = stage.master.with_name("outside")
    tree.build(outside, WORLD, tree.segments(["2024-04"]))
    (stage.master / "gb" / "flat" / "2024-04").symlink_to(outside / "gb" / "flat" / "2024-04")
    names = ["2024-04; DROP TABLE racing.races", "2024-04\n", "2024-04..", os.fsdecode(b"\xff")]
    for name in names:
        (stage.master / "ire" / "flat" / name).mkdir()
    with stage.daemon() as daemon:
        stage.assert_ends_equal()
        (found,) = daemon.wait_for("strangers_found")
        assert found["count"] == len(names) + 1
    assert stage.count("racing.ledger_segments") == SEGMENTS


@pytest.mark.slow
def test_what_they_say_drives_no_terminal(stage: Stage) -> None:
    """Neither a cell, a key or the name of a folder, nor a row that somebody changed by hand."""
    card = stage.card()
    race, of_another_code, miscounted, undated, nowhere = card.races[:5]
    race["course"] += DRIVES
    race["going"] = undated["date"] = DRIVES
    of_another_code["type"] = "Hurdle"
    miscounted["ran"] = "99"
    nowhere["course"], nowhere["race_key"] = "", DRIVES
    for row in edits.field_of(card, race["race_key"]):
        row["horse"] += DRIVES
        row["pos"] = row["win_bsp"] = DRIVES
    stage.put(card)
    (stage.master / "gb" / f"x{DRIVES}").mkdir()
    with stage.daemon() as daemon:
        daemon.wait_for("run_finished")
        with sessions.session(stage.url) as other:
            other.execute("UPDATE racing.runners SET comment = %s", [DRIVES])
        day = f"{FLAT.region}/{FLAT.code}/{race['date']}"
        for said in (
            ["gaps"],
            ["verify"],
            ["why", day],
            ["why", str(FLAT)],
            ["status"],
            ["doctor"],
        ):
            told = command(daemon, *said)
            assert told.stdout
            assert not re.search(r"[\x1b\x07\x9b]", told.stdout + told.stderr), said
        assert not re.search(r"[\x1b\x07\x9b]", daemon.log.read_text())


def _largest(daemon: Daemon) -> float:
    """Megabytes of memory that it had at most so far."""
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{daemon.pid}/status").read_text())
    return int(line) / 1024
