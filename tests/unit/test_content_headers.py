"""Columns are found by name: new, missing, reordered, twice, with a byte order mark, with CRLF."""

from collections.abc import Callable

import pytest

from giddyup_watch.errors import SegmentRefusedError, SegmentUnfinishedError
from giddyup_watch.source import headers
from tests.unit import months
from tests.unit.months import RACE_HEADER, RUNNER_HEADER, SHORT_RUNNER_HEADER

pytestmark = pytest.mark.failure(line=14)

RACES = months.races_csv(months.race())
RUNNERS = months.runners_csv(months.runner())


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, name) for table, names in headers.REQUIRED.items() for name in names],
)
def test_a_missing_required_column_refuses_the_segment_by_its_name(table: str, column: str) -> None:
    files = {"races": RACES, "runners": RUNNERS}
    head, _, body = files[table].partition(b"\n")
    names = [b"other" if name == column.encode() else name for name in head.split(b",")]
    files[table] = b",".join(names) + b"\n" + body
    with pytest.raises(SegmentRefusedError, match=rf"{table}_gb_flat.*missing: {column}$"):
        months.parse(files["races"], files["runners"])


def test_all_missing_columns_are_named_at_once() -> None:
    with pytest.raises(SegmentRefusedError, match="missing: race_key, runner_key, horse, num, pos"):
        months.parse(RACES, b"a,b\n")


def test_absent_columns_are_named_as_the_database_names_them() -> None:
    race_header = [c for c in RACE_HEADER if c not in ("class", "dist")]
    parsed = months.parse(
        months.races_csv(months.race(), header=race_header),
        months.runners_csv(months.runner(), header=SHORT_RUNNER_HEADER),
    )
    assert parsed.missing_columns["races"] == {"class", "dist_raw"}
    assert {"time_raw", "dec", "owner"} <= parsed.missing_columns["runners"]
    assert "pos_raw" not in parsed.missing_columns["runners"]


def test_unknown_columns_are_kept_out_and_named() -> None:
    header = ["sp", *RUNNER_HEADER, "", 'x"; DROP TABLE racing.races; --', "y" * 300]
    row = months.runner() | {"sp": "5/1"}
    parsed = months.parse(RACES, months.runners_csv(row, header=header))
    hostile = 'x"; drop table racing.races; --'
    assert parsed.unknown_columns == {"races": (), "runners": ("sp", hostile, "y" * 100)}
    (race,) = next(iter(parsed.days.values())).races.values()
    assert race == months.parse(RACES, RUNNERS).days[race.day].races["r1"]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\n\r\n" + data,
        lambda data: data.replace(b"race_key", b" Race_Key "),
        lambda data: data.replace(b"race_key", b'"RACE_KEY"'),
    ],
    ids=["byte order mark", "CRLF", "blank lines first", "case and spaces", "quoted"],
)
def test_what_differs_without_a_meaning_makes_no_difference(
    change: Callable[[bytes], bytes],
) -> None:
    plain = months.parse(RACES, RUNNERS)
    changed = months.parse(change(RACES), change(RUNNERS))
    assert [day.digest for day in changed.days.values()] == [
        day.digest for day in plain.days.values()
    ]


@pytest.mark.parametrize(
    ("runners", "reason"),
    [
        (b"race_key,RACE_KEY,runner_key,horse,num,pos\n", "more than one column race_key"),
        (b"race_key," * 257 + b"pos\n", "258 columns, the limit is 256"),
        (b"x," * 1_000_000 + b"\n", "header cannot be read: more than 65,536 bytes"),
        (b"race_key,runner_key,horse,num,pos\0\n", "header cannot be read: a NUL byte"),
        (b"race_key,runner_key,horse,num,pos\xff\n", "header cannot be read: bytes that are not"),
        ("race_key,runner_key\n".encode("utf-16"), "header cannot be read: a NUL byte"),
        (b'race_key,runner_key,"horse"x,num,pos\n', "header cannot be read: not CSV"),
    ],
)
def test_a_header_of_something_else_is_refused(runners: bytes, reason: str) -> None:
    with pytest.raises(SegmentRefusedError, match=reason) as raised:
        months.parse(RACES, runners)
    assert "runners_gb_flat_2024-01.csv" in raised.value.message
    assert len(raised.value.message) < 300


@pytest.mark.parametrize("data", [b"", b"\n", b"race_key,runner_key", b'"race_key\n'])
def test_a_file_that_ends_before_its_header_may_still_be_written(data: bytes) -> None:
    with pytest.raises(SegmentUnfinishedError, match="ends before its header does"):
        months.parse(RACES, data)
    with pytest.raises(SegmentUnfinishedError, match="ends before its header does"):
        months.parse(data, RUNNERS)
