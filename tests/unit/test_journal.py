"""What is sent to systemd's journal, as a socket in its place receives it."""

import array
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
import structlog

from giddyup_watch import journal, logs

pytestmark = pytest.mark.usefixtures("logging_restored")


@pytest.fixture
def journald(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "socket"))
        sock.settimeout(5)
        monkeypatch.setattr(journal, "SOCKET", str(tmp_path / "socket"))
        yield sock


@pytest.fixture
def stderr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """A stream that the environment says leads to the journal."""
    with (tmp_path / "stderr").open("w+") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        yield stream


def received(sock: socket.socket) -> dict[str, str]:
    """The fields of the next entry, which may come as a file in memory."""
    data, given, *_ = sock.recvmsg(1 << 20, socket.CMSG_SPACE(4))
    for _, _, payload in given:
        descriptor = array.array("i", payload)[0]
        with open(descriptor, "rb") as file:  # noqa: PTH123
            file.seek(0)
            data = file.read()
    return parsed(data)


def parsed(data: bytes) -> dict[str, str]:
    found = {}
    while data:
        name, _, data = data.partition(b"\n")
        if b"=" in name:
            name, _, value = name.partition(b"=")
        else:
            (size,) = struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + size], data[9 + size :]
        found[name.decode()] = value.decode()
    return found


def test_keywords_are_fields_and_the_message_is_for_people(
    journald: socket.socket, stderr: TextIO
) -> None:
    logs.configure("info", "auto", secrets=("hush",), stream=stderr)
    log = structlog.stdlib.get_logger("here")
    log.warning(
        logs.Event.SEGMENT_HELD, segment="gb/flat/2024-06", days=["a"], reason="says hush", rows=3
    )
    assert received(journald) == {
        "MESSAGE": 'segment_held segment=gb/flat/2024-06 days=["a"] reason="says ********" rows=3',
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "giddyup-watch",
        "GIDDYUP_EVENT": "segment_held",
        "LOGGER": "here",
        "SEGMENT": "gb/flat/2024-06",
        "DAYS": '["a"]',
        "REASON": "says ********",
        "ROWS": "3",
    }
    assert Path(stderr.name).read_text() == ""


def test_a_value_of_several_lines_stays_one_field(journald: socket.socket, stderr: TextIO) -> None:
    logs.configure(stream=stderr)
    error = ValueError("two\nlines = 2")
    structlog.stdlib.get_logger("here").error(logs.Event.SERVICE_FAILED, exc_info=error)
    entry = received(journald)
    assert entry["EXCEPTION"].endswith("ValueError: two\nlines = 2")
    assert entry["MESSAGE"] == f"service_failed\n{entry['EXCEPTION']}"
    assert entry["PRIORITY"] == "3"


def test_an_entry_too_large_for_a_datagram_goes_as_sealed_memory(
    journald: socket.socket, stderr: TextIO
) -> None:
    logs.configure(stream=stderr)
    long = "x" * 2_000_000
    structlog.stdlib.get_logger("here").info(logs.Event.RUN_FINISHED, reason=long)
    assert received(journald)["REASON"] == long


def test_names_that_are_the_journals_own_get_a_prefix() -> None:
    given = {"event": "e", "level": "info", "logger": "l", "message": "m", "_pid": 1, "a-b": 2}
    found = journal.fields(given)
    assert found["GIDDYUP_MESSAGE"] == "m"
    assert found["PID"] == "1"
    assert found["A_B"] == "2"


def test_without_a_journal_the_line_goes_to_the_stream(
    tmp_path: Path, stderr: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SOCKET", str(tmp_path / "gone"))
    logs.configure(stream=stderr)
    structlog.stdlib.get_logger("here").info(logs.Event.RUN_STARTED)
    assert '"event": "run_started"' in Path(stderr.name).read_text()


@pytest.mark.parametrize("style", ["json", "console"])
def test_another_format_is_written_to_the_stream(
    journald: socket.socket, stderr: TextIO, style: str
) -> None:
    logs.configure("info", style, stream=stderr)  # type: ignore[arg-type]
    structlog.stdlib.get_logger("here").info(logs.Event.RUN_STARTED)
    assert "run_started" in Path(stderr.name).read_text()


def test_a_stream_that_was_redirected_does_not_lead_there(stderr: TextIO, tmp_path: Path) -> None:
    assert journal.leads_to(stderr)
    with (tmp_path / "other").open("w") as other:
        assert not journal.leads_to(other)
