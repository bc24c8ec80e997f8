"""Files grown from whole ones by the grammar of what writers, disks and enemies do to them."""

import json
import random
from collections.abc import Callable

Mutation = Callable[[random.Random, bytes], bytes]

#: Pieces that mean something to a parser, in the wrong place.
TOKENS = (
    *(b",", b'"', b'""', b"\n", b"\r\n", b"\r", b"\\.\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"\t"),
    *("–".encode(), "\u2028".encode(), "\ud800".encode("utf-8", "surrogatepass"), b"\\N", b" "),  # noqa: RUF001
    *(b"'; DROP TABLE racing.races; --", b"=1+1", b"../../../x", b"%s", b"\x1b[2J", b"\x85"),
    *(b"1e309", b"-1", b"nan", b"9" * 40, b"0.0000001", b"24:00", b"2024-02-30", b"2024-01-31"),
    *("É".encode() * 900, b"x" * 4000, b"race_key", b"date", b"GB", b"\xc2\xa3"),
    *(b"1.005", b"0" * 3000, b"x" * 70_000, b",x" * 300),  # beyond what a price or a line may be
)
#: What numbers, times and their like are made of.
PIECES = (
    *"0123456789",
    *"001129",
    ".",
    ",",
    ":",
    "-",
    "+",
    "e",
    "f",
    "£",
    " ",
    "½",
    "\u0662",
    "\xa0",
)
#: Values of JSON that a count, a date or a list of them is not.
VALUES: tuple[object, ...] = (
    *(None, True, -1, 2**31, 1e400, 1.5, "", "12", "\0", "\ud800", [], {}, [[]], "2024-02-30"),
    *(["2024-01-01", None, 7], {"race_count": 1}, "9" * 5000, list(range(300))),
)


def damage(chance: random.Random, data: bytes) -> bytes:
    """A few mutations, one after the other."""
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        data = chance.choice(_MUTATIONS)(chance, data)
    return data


def cell(chance: random.Random) -> str:
    """What a writer may put where a number, a time or a name should be; nothing is around it."""
    if chance.random() < 0.3:
        return chance.choice(TOKENS).decode("utf-8", "replace").strip()
    if chance.random() < 0.3:
        return f"{chance.choice((1, 10, 1e6)) * chance.random():.{chance.randrange(5)}f}"
    return "".join(chance.choices(PIECES, k=chance.randrange(7))).strip()


def manifest(chance: random.Random, whole: dict[str, object]) -> bytes:
    """A manifest with fields of other kinds, and now and then no JSON at all."""
    document: object = dict(whole)
    for _ in range(chance.randrange(3)):
        name = chance.choice((*whole, "unknown", ""))
        document = {**whole, name: chance.choice(VALUES)}
    if chance.random() < 0.05:
        document = chance.choice(VALUES)
    if chance.random() < 0.02:
        return b"[" * chance.choice((10, 100_000))
    data = json.dumps(document).encode("utf-8", "surrogatepass")
    return damage(chance, data) if chance.random() < 0.5 else data


def _at(chance: random.Random, data: bytes) -> int:
    return chance.randrange(len(data) + 1)


def _insert(chance: random.Random, data: bytes) -> bytes:
    at = _at(chance, data)
    return data[:at] + chance.choice(TOKENS) + data[at:]


def _replace(chance: random.Random, data: bytes) -> bytes:
    """One cell is another."""
    cells = data.split(b",")
    cells[chance.randrange(len(cells))] = chance.choice(TOKENS)
    return b",".join(cells)


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: _at(chance, data)]


def _drop(chance: random.Random, data: bytes) -> bytes:
    at = _at(chance, data)
    return data[:at] + data[at + chance.choice((1, 7, 80, 1000)) :]


def _flip(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data or b"x")
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _repeat_line(chance: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return b"".join(lines)


def _shuffle(chance: random.Random, data: bytes) -> bytes:
    head, *lines = data.splitlines(keepends=True) or [b""]
    return head + b"".join(chance.sample(lines, len(lines)))


def _columns(chance: random.Random, data: bytes) -> bytes:
    """The header says something else than the rows."""
    head, newline, rest = data.partition(b"\n")
    names = head.split(b",")
    chance.shuffle(names)
    return b",".join(names[: chance.choice((len(names), len(names) - 1, 3))]) + newline + rest


_MUTATIONS: tuple[Mutation, ...] = (
    *(_insert, _insert, _replace, _replace, _replace, _cut, _drop, _flip, _repeat_line, _shuffle),
    _columns,
)
