"""Files that were cut, garbled or made to hurt: no half row, no lost line, bounded memory."""

import random
import subprocess
import sys
import textwrap
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from giddyup_watch.errors import SegmentRefusedError, SegmentUnfinishedError
from giddyup_watch.source.content import Content
from tests.unit import months

pytestmark = pytest.mark.long

MONTH = months.small_month()
MONTH[1][1]["comment"] = "two\nlines, both quoted"
RACES, RUNNERS = months.races_csv(*MONTH[0]), months.runners_csv(*MONTH[1])
WHOLE = months.parse(RACES, RUNNERS)

PARSE_SECONDS = 0.250  # a busy month, on the machine of the first measurement
SLOWER_MACHINE = 10
PARSE_MEGABYTES = 60


def rows_of(parsed: Content) -> set[tuple[str, ...]]:
    races = [race for day in parsed.days.values() for race in day.races.values()]
    return {race.cells for race in races} | {r.cells for race in races for r in race.runners}


@pytest.mark.failure(line=12)
def test_a_runners_file_cut_at_any_byte_yields_whole_rows_only() -> None:
    for cut in range(RUNNERS.index(b"\n") + 1, len(RUNNERS)):
        parsed = months.parse(RACES, RUNNERS[:cut])
        assert rows_of(parsed) < rows_of(WHOLE), cut
        assert not parsed.agrees(months.claim(3, 6)), cut


@pytest.mark.failure(line=12)
def test_a_races_file_cut_at_any_byte_yields_whole_rows_only() -> None:
    for cut in range(RACES.index(b"\n") + 1, len(RACES)):
        parsed = months.parse(RACES[:cut], RUNNERS)
        assert rows_of(parsed) < rows_of(WHOLE), cut
        assert not parsed.agrees(months.claim(3, 6)), cut


def test_a_file_cut_inside_its_header_is_unfinished() -> None:
    for cut in range(RACES.index(b"\n") + 1):
        with pytest.raises(SegmentUnfinishedError):
            months.parse(RACES[:cut], RUNNERS)


def test_a_line_cut_between_two_appends_spoils_that_line_only() -> None:
    """A writer that died and began again: half a line, and behind it a whole one."""
    lines = RUNNERS.splitlines(keepends=True)
    parsed = months.parse(RACES, b"".join(lines[:-2]) + lines[-2][:40] + lines[-1])
    assert len(parsed.rejects) == 1
    assert rows_of(parsed) < rows_of(WHOLE)


RUBBISH = st.one_of(
    st.binary(min_size=1, max_size=6),
    st.sampled_from([b"\n", b"\r\n", b'"', b",", b"\0", b"\\.\n", b"\xff", b"\xef\xbb\xbf", b"-"]),
)


@pytest.mark.failure(line=13)
@settings(max_examples=2 * settings().max_examples)
@given(st.data())
def test_every_line_of_rubbish_is_counted_and_nothing_raises_but_refusals(
    data: st.DataObject,
) -> None:
    files = [bytearray(RACES), bytearray(RUNNERS)]
    for _ in range(data.draw(st.integers(1, 6))):
        file = data.draw(st.sampled_from(files))
        at = data.draw(st.integers(0, len(file)))
        gone = data.draw(st.integers(0, 200))
        file[at : at + gone] = data.draw(RUBBISH)
    try:
        parsed = months.parse(bytes(files[0]), bytes(files[1]))
    except SegmentRefusedError as error:
        assert "2024-01.csv" in error.message  # noqa: PT017 - either end is a good one
        return
    stored = [text for row in rows_of(parsed) for text in row]
    stored += [reject.value for day in parsed.days.values() for reject in day.rejects]
    stored += [reject.value for reject in parsed.rejects]
    assert not any("\0" in text for text in stored)
    assert "".join(stored).encode()


def test_lines_shuffled_dropped_and_repeated_are_all_counted() -> None:
    rng = random.Random(11)
    head, *body = RUNNERS.splitlines(keepends=True)
    for _ in range(200):
        picked = rng.choices(body, k=rng.randrange(12))
        parsed = months.parse(RACES, head + b"".join(picked))
        assert rows_of(parsed) <= rows_of(WHOLE)


def busy_month() -> tuple[bytes, bytes]:
    """850 races and 8,500 runners, every cell filled."""
    prices = {name: "12.34" for name in months.RUNNER_HEADER if name.startswith(("win_", "place_"))}
    comment = "tracked leaders, ridden over 2f out, kept on well inside the final furlong " * 2
    races = [months.race(f"{n:032x}", n % 31 + 1, pattern="", age_band="3yo+") for n in range(850)]
    runners = [
        months.runner(race["race_key"], num, comment=comment, sire=f"Sire {num}") | prices
        for race in races
        for num in range(10)
    ]
    return months.races_csv(*races), months.runners_csv(*runners)


def test_a_busy_month_is_parsed_in_a_moment() -> None:
    races, runners = busy_month()
    started = time.process_time()
    parsed = months.parse(races, runners)
    assert time.process_time() - started < PARSE_SECONDS * SLOWER_MACHINE
    assert parsed.agrees(months.claim(850, 8500))


PEAK = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    from tests.unit import months
    from giddyup_watch.errors import SegmentRefusedError
    from giddyup_watch.source.memory import Memory
    races, runners = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes()
    taken = months.snapshot_of(races, runners)
    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = peak()
    try:
        Memory().parse(taken)
    except SegmentRefusedError:
        pass
    print((peak() - before) // 1024)
    """
)


@pytest.mark.failure(line=31)
@pytest.mark.parametrize(
    "kind", ["busy", "one line", "only quotes", "only commas", "short lines", "blank lines"]
)
def test_memory_is_bounded_whatever_the_file_is(
    tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    folder = tmp_path_factory.mktemp("peak")
    races, runners = busy_month()
    size = 2**24
    head = runners[: runners.index(b"\n") + 1]
    filling = {
        "one line": b"x" * size + b"\n",
        "only quotes": b'a","\n' * (size // 5),
        "only commas": (b"," * 60_000 + b"\n") * (size // 60_001),
        "short lines": b"x\n" * (size // 2),
        "blank lines": b"\n" * size,
    }
    if kind != "busy":
        runners = head + filling[kind]
    (folder / "races").write_bytes(races)
    (folder / "runners").write_bytes(runners)
    script = [sys.executable, "-c", PEAK, str(folder / "races"), str(folder / "runners")]
    done = subprocess.run(script, capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < PARSE_MEGABYTES
