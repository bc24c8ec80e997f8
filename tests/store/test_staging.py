"""The staging tables take what source cleans: the same columns in the same order."""

import re

import pytest

from giddyup_watch.source import cells
from giddyup_watch.store import facts, queries
from giddyup_watch.store.connection import Connection


@pytest.mark.parametrize(
    ("name", "columns"),
    [("copy_races", cells.RACE_STAGING), ("copy_runners", cells.RUNNER_STAGING)],
)
def test_copy_names_the_columns_of_the_cleaned_rows(name: str, columns: tuple[str, ...]) -> None:
    listed = re.search(rb"\((.*?)\)", queries.get(name), re.DOTALL)
    assert listed is not None
    names = listed.group(1).decode().replace('"', "").split(",")
    assert tuple(text.strip() for text in names) == columns


@pytest.mark.failure(line=12)
def test_a_line_that_would_end_copy_in_a_file_is_a_value_like_any_other(conn: Connection) -> None:
    row = dict.fromkeys(cells.RACE_STAGING, None) | {
        "line": 2, "race_key": "\\.", "race_date": "2024-06-01", "region": "GB",
        "course": "\\.", "race_name": "a\tb\\nc", "race_type": "Flat", "ran": 1,
    }  # fmt: skip
    assert facts.stage(conn, "races", [tuple(row.values())]) == 1
    stored = conn.execute("SELECT race_key, course, race_name FROM staging.races").fetchall()
    assert stored == [("\\.", "\\.", "a\tb\\nc")]
