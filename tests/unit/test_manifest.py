import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giddyup_watch.source import manifest
from giddyup_watch.source.manifest import Manifest, ManifestError

MAIN_WRITER = {
    "schema_version": "1.0",
    "processed_sources": [],
    "processed_dates": ["2024-01-01", "2024-01-02"],
    "race_count": 850,
    "runner_count": 8500,
    "unmatched_count": 3,
    "validation": {"total_races": 12, "errors": [], "warnings": []},
    "last_updated": "2024-01-31T22:10:09.123456",
}


def encode(document: object) -> bytes:
    return json.dumps(document).encode()


def test_the_main_writers_manifest_is_read() -> None:
    assert manifest.parse(encode(MAIN_WRITER)) == Manifest(
        race_count=850,
        runner_count=8500,
        processed_dates=(dt.date(2024, 1, 1), dt.date(2024, 1, 2)),
        last_updated="2024-01-31T22:10:09.123456",
    )


def test_days_that_do_not_exist_are_not_taken_from_the_second_writer() -> None:
    claimed = [f"2024-02-{day:02d}" for day in range(31, 0, -1)]
    parsed = manifest.parse(encode({**MAIN_WRITER, "processed_dates": claimed}))
    assert parsed.processed_dates == tuple(dt.date(2024, 2, day) for day in range(1, 30))


def test_a_byte_order_mark_does_not_hurt() -> None:
    assert manifest.parse(b"\xef\xbb\xbf" + encode(MAIN_WRITER)).race_count == 850


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        (b'{"race_count": 8', "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[1, 2]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"race_count": ' + b"9" * 5_000 + b"}", "not JSON"),
        (encode({"runner_count": 1}), "race_count is missing"),
        (encode({"race_count": 1}), "runner_count is missing"),
        (encode({"race_count": "1", "runner_count": 1}), "race_count is not a count"),
        (encode({"race_count": True, "runner_count": 1}), "race_count is not a count"),
        (encode({"race_count": 1, "runner_count": -1}), "runner_count is not a count"),
        (encode({"race_count": 1.0, "runner_count": 1}), "race_count is not a count"),
        (encode({"race_count": 2**31, "runner_count": 1}), "race_count is not a count"),
        (encode({"race_count": None, "runner_count": 1}), "race_count is not a count"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(ManifestError, match=reason):
        manifest.parse(data)


@pytest.mark.failure(line=9)
def test_a_half_written_manifest_is_never_taken_for_a_whole_one() -> None:
    for cut in range(len(encode(MAIN_WRITER))):
        with pytest.raises(ManifestError):
            manifest.parse(encode(MAIN_WRITER)[:cut])


@pytest.mark.parametrize(
    "claimed", [None, "2024-01-01", 7, {}, [None, 1, "2024-1-1", "20240101", "2024-13-01", []]]
)
def test_claimed_dates_that_are_none_are_passed_over(claimed: object) -> None:
    document = {"race_count": 1, "runner_count": 2, "processed_dates": claimed}
    assert manifest.parse(encode(document)).processed_dates == ()


@pytest.mark.parametrize("value", [None, 5, "x" * 65, "2024\x00", "\ud800", "a\nb"])
def test_a_timestamp_that_no_database_stores_is_dropped(value: object) -> None:
    document = {"race_count": 1, "runner_count": 2, "last_updated": value}
    assert manifest.parse(encode(document)).last_updated == ""


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(encode))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        parsed = manifest.parse(data)
    except ManifestError:
        return
    assert parsed.race_count >= 0
