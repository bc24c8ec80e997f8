"""Entries with fields for systemd's journal, in its native protocol."""

import array
import errno
import fcntl
import json
import os
import re
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "giddyup-watch"
#: syslog(3)'s numbers.
PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
#: Fields whose meaning is the journal's: data of ours by such a name get a prefix.
RESERVED = frozenset({"MESSAGE", "MESSAGE_ID", "PRIORITY", "ERRNO", "UNIT", "USER_UNIT", "TID"})
PREFIX = "GIDDYUP_"
#: The datagram is larger than a socket takes: journald then reads it from sealed memory.
TOO_LARGE = (errno.EMSGSIZE, errno.ENOBUFS)
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL

_PLAIN = re.compile(r"[^\s\"=,]+")


def leads_to(stream: TextIO) -> bool:
    """Whether systemd has connected the stream to the journal, and nobody has redirected it."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # it is closed, or a file in memory
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def fields(line: Mapping[str, Any]) -> dict[str, str]:
    """A log line's keys as fields: GIDDYUP_EVENT, SEGMENT, ..., and a MESSAGE for people."""
    head = {"timestamp", "level", "event", "logger"}
    data = {key: value for key, value in line.items() if key not in head and value is not None}
    return {
        "MESSAGE": "".join(_message(line["event"], data)),
        "PRIORITY": str(PRIORITIES.get(line["level"], 6)),
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        "GIDDYUP_EVENT": line["event"],
        "LOGGER": line["logger"],
        **{_name(key): _text(value) for key, value in data.items()},
    }


def send(entry: Mapping[str, str]) -> None:
    """Hand one entry over. Raises OSError when nobody takes it."""
    data = b"".join(_encoded(name, value) for name, value in entry.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(data, SOCKET)
        except OSError as error:
            if error.errno not in TOO_LARGE:
                raise
            _send_sealed(sock, data)


def _send_sealed(sock: socket.socket, data: bytes) -> None:
    memory = os.memfd_create("journal-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(memory, "wb", closefd=False) as file:
            file.write(data)
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, SEALS)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [memory]))
        sock.sendmsg([b""], [rights], 0, SOCKET)  # send_fds of Python 3.11 forgets the address
    finally:
        os.close(memory)


def _message(event: str, data: Mapping[str, Any]) -> Iterator[str]:
    yield event
    for key, value in data.items():
        if key != "exception":
            text = _text(value)
            plain = _PLAIN.fullmatch(text) or not isinstance(value, str)
            yield f" {key}={text if plain else json.dumps(text, ensure_ascii=False)}"
    if "exception" in data:
        yield f"\n{data['exception']}"


def _name(key: str) -> str:
    """The journal drops an entry's fields with other characters, and longer ones."""
    name = re.sub(r"[^A-Z0-9_]", "_", key.upper()).lstrip("_0123456789")[:56]
    return PREFIX + name if name in RESERVED or not name else name


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _encoded(name: str, value: str) -> bytes:
    data = value.encode(errors="replace")
    if b"\n" not in data:
        return b"%s=%s\n" % (name.encode(), data)
    return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(data)), data)
