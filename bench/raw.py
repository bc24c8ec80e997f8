"""The files as they are, by COPY into plain text tables: what no loader can do without."""

import csv
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from time import perf_counter
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.lines import Line
from bench.place import Connection, Place
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import binaries

KINDS = ("races", "runners")
DATABASE = "bench_raw"
#: As much as libpq likes to send at once.
BLOCK = 1 << 16
WARM_UPS = 1


def lines(place: Place) -> Iterator[Line]:
    """One warm-up, which brings the files into memory, then each way once."""
    url = place.fresh(DATABASE)
    for _ in range(WARM_UPS + 1):
        with closing(psycopg.connect(url)) as conn:
            began = perf_counter()
            make(conn, place)
            fill(conn, place)
            conn.commit()
            seconds = perf_counter() - began
    yield Line("copy", "COPY of the files into text tables, psycopg", "s", [seconds])
    yield Line("psql", "the same by psql, `\\copy`", "s", [_by_psql(place, url)], "copy")
    if place.size.peers and shutil.which("pgloader"):
        year = place.keys[0].month[:4]
        seconds = _by_pgloader(place, url, year)
        yield Line("pgloader", f"the same by pgloader, made of {year}", "s", [seconds], "copy")
    place.drop(DATABASE)


def header(place: Place, kind: str) -> list[str]:
    with place.files(kind)[0].open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file))


def make(conn: Connection, place: Place) -> None:
    """Text tables `raw.races` and `raw.runners`, empty, with the columns of the files."""
    conn.execute("DROP SCHEMA IF EXISTS raw CASCADE")
    conn.execute("CREATE SCHEMA raw")
    for kind in KINDS:
        columns = ", ".join(f'"{name}" text' for name in header(place, kind))
        conn.execute(f"CREATE TABLE raw.{kind} ({columns})".encode())


def fill(conn: Connection, place: Place, month: str = "*") -> None:
    """Files that are there: of one month, or all."""
    for kind in KINDS:
        for path in place.files(kind, month):
            statement = f"COPY raw.{kind} FROM STDIN (FORMAT csv, HEADER)".encode()
            with path.open("rb") as file, conn.cursor().copy(statement) as copy:
                while block := file.read(BLOCK):
                    copy.write(block)


def count(conn: Connection) -> list[int]:
    """Rows of both tables."""
    found = [conn.execute(f"SELECT count(*) FROM raw.{kind}".encode()).fetchone() for kind in KINDS]
    return [row[0] for row in found if row is not None]


def _empty(place: Place, url: str) -> None:
    with psycopg.connect(url) as conn:
        make(conn, place)


def _by_psql(place: Place, url: str) -> float:
    _empty(place, url)
    programs, _ = binaries.usable_by(binaries.server_user())
    orders = "".join(
        f"\\copy raw.{kind} from '{path}' (format csv, header)\n"
        for kind in KINDS
        for path in place.files(kind)
    )
    command = [str(programs / "psql"), "--quiet", "--no-psqlrc", "--single-transaction", url]
    return _timed([*command, "--set=ON_ERROR_STOP=1", "--file=-"], orders, place, url, place.keys)


def _by_pgloader(place: Place, url: str, year: str) -> float:
    """Seconds for all, made of those for a year: at full size its heap is exhausted."""
    _empty(place, url)
    keys = [key for key in place.keys if key.month.startswith(year)]
    orders = "".join(_pgloader_orders(place, url, kind, year) for kind in KINDS)
    with tempfile.NamedTemporaryFile("w", suffix=".load") as script:
        script.write(orders)
        script.flush()
        seconds = _timed(["pgloader", "--quiet", script.name], "", place, url, keys)
    return seconds * place.count("runner") / place.count("runner", keys)


def _pgloader_orders(place: Place, url: str, kind: str, year: str) -> str:
    names = ", ".join(f'"{name}"' for name in header(place, kind))
    to = conninfo_to_dict(url)
    folder = quote(str(to["host"]), safe="/")
    return (
        f"LOAD CSV FROM ALL FILENAMES MATCHING ~</{kind}_[a-z_]+{year}-[0-9]+[.]csv$>\n"
        f"IN DIRECTORY '{place.master}' HAVING FIELDS ({names})\n"
        f"INTO postgresql://{to['user']}@unix:{folder}:{to['port']}/{to['dbname']}\n"
        f"TARGET TABLE raw.{kind} ({names})\n"
        "WITH skip header = 1, fields optionally enclosed by '\"',"
        " fields escaped by double-quote, fields terminated by ',';\n"
    )


def _timed(
    command: list[str], given: str, place: Place, url: str, keys: Sequence[SegmentKey]
) -> float:
    """Seconds of the command; it has to bring every row of the segments."""
    began = perf_counter()
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    seconds = perf_counter() - began
    with closing(psycopg.connect(url)) as conn:
        rows = count(conn)
    if rows != [place.count("race", keys), place.count("runner", keys)]:
        said = (done.stderr or done.stdout)[-2000:]
        raise RuntimeError(f"{command[0]} loaded {rows} rows:\n{said}")
    return seconds
