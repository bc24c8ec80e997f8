import csv
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giddyup_watch.source import records
from giddyup_watch.source.records import Line, Reader

HEAD = b"a,b,c\n"


def lines(body: bytes, head: bytes = HEAD) -> list[Line]:
    return list(Reader(head + body))


def good(body: bytes) -> list[tuple[int, list[str]]]:
    return [(line.number, line.fields) for line in lines(body) if not line.problem]


def problems(body: bytes) -> list[tuple[int, str]]:
    return [(line.number, line.problem) for line in lines(body) if line.problem]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"1,2,3\n", ["1", "2", "3"]),
        (b"1,2,3\r\n", ["1", "2", "3"]),
        (b"1,2,3\r\r\n", ["1", "2", "3"]),
        (b",,\n", ["", "", ""]),
        (b'"1","2,5","3"\n', ["1", "2,5", "3"]),
        (b'1,"say ""go""",3\r\n', ["1", 'say "go"', "3"]),
        (b'1,5" tall,3\n', ["1", '5" tall', "3"]),
        ("1,É\u2028x\x0b\x85,3\n".encode(), ["1", "É\u2028x\x0b\x85", "3"]),
    ],
)
def test_a_line_becomes_its_fields(body: bytes, fields: list[str]) -> None:
    assert good(body) == [(2, fields)]


def test_a_quoted_newline_is_part_of_its_field() -> None:
    body = b'1,"two\r\nlines",3\n4,"\n\n\n",6\n7,8,9\n'
    assert good(body) == [
        (2, ["1", "two\nlines", "3"]),
        (4, ["4", "\n\n\n", "6"]),
        (8, ["7", "8", "9"]),
    ]


def test_blank_lines_are_no_data_but_have_a_number() -> None:
    assert good(b"\n1,2,3\n \t\r\n\r\n4,5,6\n") == [(3, ["1", "2", "3"]), (6, ["4", "5", "6"])]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    reader = Reader(b"\xef\xbb\xbf" + HEAD + b"1,2,3\n")
    assert reader.header == Line(1, ["a", "b", "c"])
    assert [line.fields for line in reader] == [["1", "2", "3"]]


@pytest.mark.parametrize("data", [b"", b"\n\n", b" ", b"\xef\xbb\xbf"])
def test_a_file_without_a_line_has_no_header(data: bytes) -> None:
    reader = Reader(data)
    assert reader.header is None
    assert not reader.cut_short


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"1,2\n", "2 fields where the header has 3"),
        (b"1,2,3,4\n", "4 fields where the header has 3"),
        (b'1,"2"\n', "2 fields where the header has 3"),
        (b"1,\x00,3\n", "a NUL byte"),
        (b"1,\xe9lan,3\n", "bytes that are not UTF-8"),
        (b"1,\xed\xa0\x80,3\n", "bytes that are not UTF-8"),
        (b'1,"2"x,3\n', "not CSV: ',' expected after '\"'"),
        (b"1,2\r2,3\n", "not CSV: new-line character seen in unquoted field"),
        (b"1,2," + b"x" * records.MAX_RECORD_BYTES + b"\n", "more than 65,536 bytes"),
        (b'1,"2,3\n', "a quoted field is not closed before the end of the file"),
        (b'1,"2\n\xff",3\n', "a quoted field reaches into a line with bytes that are not UTF-8"),
        (b'1,"2' + b"\nx" * 20 + b'",3\n', "a quoted field is not closed within 16 lines"),
    ],
)
def test_a_damaged_line_costs_itself_only(body: bytes, problem: str) -> None:
    found = lines(body + b"7,8,9\n" * 3)
    assert (found[0].number, found[0].problem) == (2, problem)
    assert [line.fields for line in found if not line.problem] == [["7", "8", "9"]] * 3


def test_a_quote_that_was_never_closed_does_not_swallow_the_rows_behind_it() -> None:
    body = b'1,"2,3\n4,5,6\n7,"8",9\n'
    assert problems(body) == [(2, "not CSV: ',' expected after '\"'")]
    assert good(body) == [(3, ["4", "5", "6"]), (4, ["7", "8", "9"])]


def test_a_record_of_many_lines_with_a_wrong_number_of_fields_rejects_its_first_line_only() -> None:
    body = b'1,"2\n4,5,6\n",3,4\n7,8,9\n'
    assert [number for number, _ in problems(body)] == [2, 4]
    assert good(body) == [(3, ["4", "5", "6"]), (5, ["7", "8", "9"])]


def test_what_was_read_of_a_damaged_line_can_be_shown_and_stored() -> None:
    (line,) = lines(b"\x001,\xff" + b"y" * 5_000 + b"\n")
    assert line.text.startswith("\ufffd1,\ufffdyyy")
    assert len(line.text) == records.SHOWN


@pytest.mark.parametrize(
    ("body", "short"),
    [
        (b"1,2,3\n", False),
        (b"1,2,3", True),
        (b"1,2,3\r", True),
        (b"1,2,3\n4", True),
        (b'1,"2\n', True),
        (b'1,"2\nx', True),
        (b'1,"2\n",3\n', False),
        (b"1,2\n", False),
    ],
)
def test_a_file_that_ends_inside_a_record_is_cut_short(body: bytes, short: bool) -> None:
    reader = Reader(HEAD + body)
    assert len(list(reader)) == len(lines(body))
    assert reader.cut_short is short


@pytest.mark.failure(line=12)
def test_the_last_line_without_its_newline_is_no_record_even_when_it_looks_whole() -> None:
    assert problems(b"1,2,3\n4,5,6") == [(3, "no newline at its end: may be cut")]


RECORDS = [["1", "2", "3"], ["É", 'a "b"', "c,d"], ["x\ny", "", "-"], ["“", "\n\n", "z" * 9]]


def encode(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


@pytest.mark.failure(line=12)
def test_no_prefix_of_a_file_yields_a_record_that_the_file_does_not_have() -> None:
    whole = {len(encode(RECORDS[:count])) for count in range(len(RECORDS) + 1)}
    for cut in range(len(encode(RECORDS))):
        reader = Reader(HEAD + encode(RECORDS)[:cut])
        found = [line.fields for line in reader if not line.problem]
        assert found == RECORDS[: len(found)], cut
        assert reader.cut_short is (cut not in whole), cut


FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)


@given(st.lists(st.lists(FIELD, min_size=3, max_size=3), max_size=6))
def test_what_csv_writes_is_read_back(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    deep = [row for row in rows if "".join(row).count("\n") >= records.MAX_RECORD_LINES]
    if not deep:
        assert [line.fields for line in lines(text.getvalue().encode())] == rows


@given(st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\0", b"\xff", b"\xc3\xa9"])))
def test_any_bytes_are_lines_in_order_and_nothing_raises(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    found = lines(body)
    numbers = [line.number for line in found]
    assert numbers == sorted(set(numbers))
    assert all(len(line.fields) == 3 for line in found if not line.problem)
    assert len(found) <= body.count(b"\n") + 1


PIECE = st.sampled_from(
    [b"1,2,3\n", b'1,"2,",3\n', b'"', b"\n", b"\xc3\xa9", b"5,6,7\n", b" ", b","]
)


@given(st.lists(PIECE))
def test_lines_are_read_all_at_once_as_one_by_one(pieces: list[bytes]) -> None:
    body = b"".join(pieces) + b"\n"
    assert problems(body + b"\0\n")[-1][1] == "a NUL byte"  # for which each line is looked at
    assert good(body) == good(body + b"\0\n")


def test_a_file_made_of_open_quotes_is_read_in_linear_time() -> None:
    def seconds(count: int) -> float:
        started = time.process_time()
        assert len(lines(b'a","\n' * count)) == count
        return time.process_time() - started

    seconds(1_000)
    assert seconds(16_000) < 4 * 8 * max(seconds(2_000), 0.005)
