"""`why` finds the one reason, on real files and a real database, and says what to do."""

import datetime as dt
import shutil
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace

import pytest

from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.explain.why import answers, document
from giddyup_watch.explain.why.answers import Answer
from giddyup_watch.explain.why.evidence import Subject
from giddyup_watch.ingest import run
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.store import connection, control, ledger, lock
from giddyup_watch.store.connection import Connection
from tests.conftest import LOCK_ID
from tests.explain.conftest import TERMS, Why
from tests.ingest.conftest import DAY, FLAT, JUMPS, NEXT_DAY, Bench, broken_races, race, together

LOAD_DAY = f"giddyup-watch ingest --region gb --code flat --date {DAY}"
LOAD_MONTH = "giddyup-watch ingest --region gb --code flat --month 2024-06"
FIELD = ("a1", "a2", "a3")


def two_days() -> Card:
    return together(race("a", FIELD), race("b", ("b1", "b2"), day=NEXT_DAY))


def many(count: int, day: str = DAY) -> Card:
    return together(*(race(f"r{n}", (f"r{n}-1", f"r{n}-2"), day=day) for n in range(count)))


def concluded(answer: Answer) -> tuple[str, str]:
    return answer.conclusion.verdict, answer.conclusion.command


@pytest.fixture
def loaded(bench: Bench) -> Card:
    """Two days of racing, loaded, by a writer that claims just those days."""
    card = two_days()
    writers.AppendWriter(bench.master).append(FLAT, card)
    assert bench.load(FLAT).result == "loaded"
    return card


# What is fine.


def test_a_day_loaded_fine(bench: Bench, loaded: Card, why_: Why) -> None:
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("loaded", "")
    assert "1 race with 3 runners" in answer.conclusion.text
    assert [run.status for run in answer.evidence.runs] == ["success"]
    (rows,) = answer.evidence.rows
    assert (rows.owner_code, rows.races, rows.runners, rows.foreign_runners) == ("flat", 1, 3, 0)


def test_a_month_loaded_fine(bench: Bench, loaded: Card, why_: Why) -> None:
    answer = why_(FLAT)
    assert concluded(answer) == ("loaded", "")
    assert "2 days of gb/flat/2024-06 loaded" in answer.conclusion.text


def test_rows_of_others_beside_ours_are_told(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.conn.execute(
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('theirs', %s, 'GB', 'Theirs', 'Flat', 5)",
        (DAY,),
    )
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("loaded", "")
    assert "1 race beside them were written by others" in answer.conclusion.text


def test_paused_but_loaded_is_loaded(bench: Bench, loaded: Card, why_: Why) -> None:
    control.pause(bench.conn)
    assert concluded(why_(FLAT, DAY)) == ("loaded", "")


def test_a_manifest_that_counts_otherwise_is_told(bench: Bench, loaded: Card, why_: Why) -> None:
    manifest = layout.paths(bench.master, FLAT).manifest
    edits.rewrite_text(manifest, b'"race_count": 2', b'"race_count": 7')
    bench.load(FLAT)
    answer = why_(FLAT)
    assert concluded(answer) == ("loaded", "")
    assert answer.conclusion.text.endswith("The manifest counts otherwise.")


def test_cells_that_became_null_are_told(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, race("a", FIELD, dist_f="far"))
    bench.load(FLAT)
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("loaded", "")
    assert "1 cell could not be read" in answer.conclusion.text


def test_a_touched_folder_is_not_being_written(bench: Bench, loaded: Card, why_: Why) -> None:
    """What was decided on once is what it is, whatever its manifest says."""
    paths = layout.paths(bench.master, FLAT)
    edits.rewrite_text(paths.manifest, b'"race_count": 2', b'"race_count": 7')
    bench.load(FLAT)
    paths.races.touch()
    bench.orphan_seconds = 60.0
    assert concluded(why_(FLAT, DAY)) == ("loaded", "")


# What is not on disk.


def test_a_day_never_scraped(bench: Bench, loaded: Card, why_: Why) -> None:
    answer = why_(FLAT, "2024-06-14")
    assert concluded(answer) == ("never_scraped", "giddyup-watch gaps --on 2024-06-14")
    assert "was never scraped" in answer.conclusion.text
    assert answer.conclusion.text.endswith("claims it. The racing calendar expects none.")


def test_a_day_that_the_calendar_expects(bench: Bench, loaded: Card, why_: Why) -> None:
    """Here by its rule of days skipped between those that the manifest claims."""
    manifest = layout.paths(bench.master, FLAT).manifest
    claims = ", ".join(f'"2024-06-{day:02}"' for day in range(1, 30) if day not in (5, 14))
    edits.rewrite_text(manifest, f'"{DAY}"'.encode(), f'"{DAY}", {claims}'.encode())
    answer = why_(FLAT, "2024-06-14")
    assert concluded(answer)[0] == "never_scraped"
    assert "the manifest claims days around it" in answer.conclusion.text


def test_a_day_of_which_only_another_folder_has_races(
    bench: Bench, loaded: Card, why_: Why
) -> None:
    answer = why_(JUMPS, DAY)
    assert concluded(answer)[0] == "never_scraped"
    assert answer.conclusion.text.endswith(
        "Other folders of gb have 1 race. The racing calendar expects none."
    )


def test_a_folder_never_scraped(bench: Bench, why_: Why) -> None:
    answer = why_(FLAT)
    assert concluded(answer) == ("never_scraped", "giddyup-watch gaps")
    assert "gb/flat/2024-06 is not there" in answer.conclusion.text


def test_a_day_claimed_without_racing(bench: Bench, loaded: Card, why_: Why) -> None:
    manifest = layout.paths(bench.master, FLAT).manifest
    edits.rewrite_text(manifest, f'"{DAY}"'.encode(), f'"{DAY}", "2024-06-14"'.encode())
    bench.load(FLAT)
    assert concluded(why_(FLAT, "2024-06-14")) == ("no_racing", "")


def test_a_manifest_that_claims_every_day_claims_nothing(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, two_days())  # by the writer whose months all have 31 days
    bench.load(FLAT)
    assert concluded(why_(FLAT, "2024-06-14"))[0] == "never_scraped"


def test_a_blank_day(bench: Bench, why_: Why) -> None:
    assert concluded(why_(SegmentKey("gb", "flat", "2024-12"), "2024-12-25")) == ("blank_day", "")


def test_a_day_to_come(bench: Bench, why_: Why) -> None:
    now = dt.datetime(2024, 6, 3, 12, tzinfo=dt.UTC)
    assert concluded(why_(FLAT, DAY, now)) == ("future", "")
    assert concluded(why_(FLAT, "2024-06-03", now)) == ("not_due", "")
    assert concluded(why_(FLAT, "2024-06-01", now))[0] == "never_scraped"


def test_a_day_that_lies_in_the_other_folder(bench: Bench, why_: Why) -> None:
    bench.put(JUMPS, two_days())
    bench.load(JUMPS)
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("elsewhere", "")
    assert "gb/jumps" in answer.conclusion.text


def test_a_day_that_only_others_wrote(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.conn.execute(
        "INSERT INTO racing.races (race_key, race_date, region, race_name, race_type, ran)"
        " VALUES ('theirs', '2024-06-14', 'GB', 'Theirs', 'Flat', 5)"
    )
    assert concluded(why_(FLAT, "2024-06-14")) == ("foreign", "")


def test_a_folder_that_is_gone(bench: Bench, loaded: Card, why_: Why) -> None:
    shutil.rmtree(layout.paths(bench.master, FLAT).folder)
    bench.load(FLAT)
    answer = why_(FLAT)
    days = f"--date {DAY} --date {NEXT_DAY}"
    command = f"giddyup-watch ingest --region gb --code flat {days} --accept shrink"
    assert concluded(answer) == ("absent", command)
    assert "the 2 races loaded stay" in answer.conclusion.text
    assert concluded(why_(FLAT, DAY)) == ("absent", f"{LOAD_DAY} --accept shrink")


def test_a_folder_that_may_be_written_again(
    bench: Bench, loaded: Card, why_: Why, other_session: Connection
) -> None:
    """Nobody is told to give up what a writer deleted a moment ago."""
    shutil.rmtree(layout.paths(bench.master, FLAT).folder)
    assert concluded(why_(FLAT, DAY)) == ("absent", LOAD_DAY)
    lock.announce(other_session, "giddyup-watch active inotify queue=0")
    assert concluded(why_(FLAT, DAY)) == ("absent", "")


def test_a_day_that_is_gone_from_its_file(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.put(FLAT, race("b", ("b1", "b2"), day=NEXT_DAY))
    bench.load(FLAT)
    assert concluded(why_(FLAT, DAY)) == ("absent", f"{LOAD_DAY} --accept shrink")
    assert concluded(why_(FLAT, NEXT_DAY)) == ("loaded", "")


def test_no_tree(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.master.rename(bench.master.with_name("elsewhere"))
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("no_tree", "giddyup-watch doctor")
    assert "the ledger has 1 race on 1 day" in answer.conclusion.text


# What is on disk and cannot be loaded, or not yet.


def test_a_segment_being_written(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.orphan_seconds = 60.0
    layout.paths(bench.master, FLAT).manifest.write_text("")
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("writing", "")
    assert "manifest.json: empty" in answer.conclusion.text


def test_files_that_the_manifest_does_not_count(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.orphan_seconds = 60.0
    writers.AppendWriter(bench.master).append(FLAT, race("c", ("c1",), day="2024-06-07"))
    manifest = layout.paths(bench.master, FLAT).manifest
    edits.rewrite_text(manifest, b'"race_count": 3', b'"race_count": 2')
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("writing", "")
    assert "manifest says 2 races" in answer.conclusion.text


def test_a_refused_header(bench: Bench, loaded: Card, why_: Why) -> None:
    races = layout.paths(bench.master, FLAT).races
    edits.rewrite_text(races, b"course,", b"venue,")
    bench.load(FLAT)
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("refused", f"head -n 1 {races}")
    assert "required and missing: course" in answer.conclusion.text


def test_a_link_in_the_place_of_a_folder(bench: Bench, loaded: Card, why_: Why) -> None:
    folder = layout.paths(bench.master, FLAT).folder
    folder.rename(folder.with_name("kept"))
    folder.symlink_to("kept")
    assert concluded(why_(FLAT)) == ("refused", f"ls -la {folder}")


# What is kept back on purpose.


def test_a_day_held_by_the_shrink_guard(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, many(10))
    bench.load(FLAT)
    bench.put(FLAT, many(5))
    assert bench.load(FLAT).result == "held"
    for day in (DAY, None):
        answer = why_(FLAT, day)
        assert concluded(answer) == ("held_shrink", f"{LOAD_DAY} --accept shrink")
        assert "5 of 10 races gone, 10 % allowed" in answer.conclusion.text


def test_a_day_held_by_the_reject_budget(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, together(many(10), broken_races(4)))
    assert bench.load(FLAT).result == "held"
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("held_rejects", f"{LOAD_DAY} --accept rejects")
    assert "4 of 34 lines rejected" in answer.conclusion.text
    assert "The first is line 12 of races_gb_flat_2024-06.csv: course is empty" in (
        answer.conclusion.text
    )


def test_a_segment_held_by_its_columns(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, race("a", FIELD, going="Good"))
    bench.load(FLAT)
    races = layout.paths(bench.master, FLAT).races
    edits.rewrite_text(races, b"going,", b"ground,")
    assert bench.load(FLAT).result == "held"
    for day in (DAY, None):
        answer = why_(FLAT, day)
        assert concluded(answer) == ("held_columns", f"{LOAD_MONTH} --accept columns")
        assert "going (1)" in answer.conclusion.text


def test_what_would_be_held_is_told_before_it_is(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, many(10))
    bench.load(FLAT)
    bench.put(FLAT, many(5))
    control.pause(bench.conn)
    assert concluded(why_(FLAT, DAY))[0] == "held_shrink"


# What waits.


@pytest.fixture
def newer(bench: Bench, loaded: Card) -> Card:
    """A third day came after the load."""
    writers.AppendWriter(bench.master).append(FLAT, race("c", ("c1",), day="2024-06-07"))
    return loaded


NEW = "2024-06-07"
LOAD_NEW = f"giddyup-watch ingest --region gb --code flat --date {NEW}"


def test_a_day_waiting_for_the_lock(
    bench: Bench, newer: Card, why_: Why, other_session: Connection
) -> None:
    with lock.held(other_session, LOCK_ID):
        answer = why_(FLAT, NEW)
        assert concluded(answer) == ("lock_busy", "giddyup-watch status")
        assert "held by somebody else (pid" in answer.conclusion.text
        assert concluded(why_(FLAT, DAY)) == ("loaded", "")


def test_a_run_of_our_own_is_going_on(
    bench: Bench, newer: Card, why_: Why, other_session: Connection
) -> None:
    lock.announce(other_session, "giddyup-watch backfill")
    with lock.held(other_session, LOCK_ID):
        assert concluded(why_(FLAT, NEW)) == ("loading", "")


def test_a_day_waiting_while_paused(bench: Bench, newer: Card, why_: Why) -> None:
    control.pause(bench.conn, dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
    answer = why_(FLAT, NEW)
    assert concluded(answer) == ("paused", "giddyup-watch resume")
    assert "until 2099-01-01 00:00:00 UTC" in answer.conclusion.text


def test_a_segment_parked_by_a_cancel(bench: Bench, newer: Card, why_: Why) -> None:
    queue = iter((JUMPS, FLAT))
    bench.put(JUMPS, race("j", ("j1",), kind="Hurdle"))

    def cancel_after_the_first() -> SegmentKey | None:
        key = next(queue, None)
        if key == FLAT:
            control.cancel(bench.conn)
        return key

    ended = run.turn(bench.session, run.Request("cli"), cancel_after_the_first, lambda _: None)
    assert ended.status == "canceled"
    answer = why_(FLAT, NEW)
    assert concluded(answer) == ("parked", "giddyup-watch resume")
    assert "was canceled" in answer.conclusion.text


def test_a_segment_that_failed(bench: Bench, newer: Card, why_: Why) -> None:
    ledger.mark(bench.conn, FLAT, "failed", "no space left on device", attempts=3)
    answer = why_(FLAT, NEW)
    assert concluded(answer) == ("failed", LOAD_NEW)
    assert "failed 3 times: no space left on device" in answer.conclusion.text


def test_a_day_in_the_queue_of_a_daemon(
    bench: Bench, newer: Card, why_: Why, other_session: Connection
) -> None:
    lock.announce(other_session, "giddyup-watch active inotify queue=2")
    answer = why_(FLAT, NEW)
    assert concluded(answer) == ("queued", "")
    assert "has 2 segments in its queue" in answer.conclusion.text


def test_a_daemon_that_has_not_noticed(
    bench: Bench, newer: Card, why_: Why, other_session: Connection
) -> None:
    lock.announce(other_session, "giddyup-watch active inotify queue=0")
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    assert concluded(why_(FLAT, NEW)) == ("queued", "")
    assert concluded(why_(FLAT, NEW, later)) == ("unnoticed", LOAD_NEW)


def test_no_daemon_and_files_newer_than_the_ledger(bench: Bench, newer: Card, why_: Why) -> None:
    for day in (NEW, None):
        answer = why_(FLAT, day)
        assert concluded(answer)[0] == "no_daemon"
        assert "2024-06-07 is on disk since" in answer.conclusion.text.replace("gb/flat/", "")
        assert "no daemon is running" in answer.conclusion.text
    assert concluded(why_(FLAT, NEW))[1] == LOAD_NEW


def test_a_daemon_that_stands_by_loads_nothing(
    bench: Bench, newer: Card, why_: Why, other_session: Connection
) -> None:
    lock.announce(other_session, "giddyup-watch standby inotify queue=1")
    answer = why_(FLAT, NEW)
    assert concluded(answer) == ("no_daemon", LOAD_NEW)
    assert "only one that stands by" in answer.conclusion.text


def test_a_day_corrected_on_disk(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.put(FLAT, together(race("a", FIELD, going="Firm"), race("b", ("b1", "b2"), day=NEXT_DAY)))
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("no_daemon", LOAD_DAY)
    assert "has changed on disk" in answer.conclusion.text
    assert concluded(why_(FLAT, NEXT_DAY)) == ("loaded", "")


def test_a_day_struck_from_ingested_days(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.conn.execute("DELETE FROM racing.ingested_days WHERE d = %s", (DAY,))
    assert concluded(why_(FLAT, DAY)) == ("no_daemon", LOAD_DAY)


def test_a_database_to_adopt(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, two_days())
    ledger.owe_adoption(bench.conn, due=True)
    assert concluded(why_(FLAT, DAY)) == ("adoption_due", "giddyup-watch backfill")


def test_migrations_due(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, two_days())
    bench.alter(
        "DELETE FROM racing.schema_migrations"
        " WHERE version = (SELECT max(version) FROM racing.schema_migrations)"
    )
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("migrations_due", "giddyup-watch migrate")
    assert "1 migration due" in answer.conclusion.text


# What is loaded and not as it should be.


def test_a_day_with_rejected_rows(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, together(many(10), broken_races(1)))
    assert bench.load(FLAT).result == "loaded"
    answer = why_(FLAT, DAY)
    races = layout.paths(bench.master, FLAT).races
    assert concluded(answer) == ("rejected", f"sed -n 12p {races}")
    assert "1 line could not be" in answer.conclusion.text
    assert "course is empty" in answer.conclusion.text


def test_lines_without_a_date_count_for_the_month(bench: Bench, why_: Why) -> None:
    bench.put(FLAT, together(many(10), race("x", (), date="soon")))
    bench.load(FLAT)
    assert concluded(why_(FLAT))[0] == "rejected"


def test_a_day_whose_races_another_folder_owns(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.put(JUMPS, two_days())
    bench.load(JUMPS)
    answer = why_(JUMPS, DAY)
    assert concluded(answer) == ("duplicate", "")
    assert "belong to gb/flat/2024-06" in answer.conclusion.text


def test_a_row_changed_behind_our_back(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.conn.execute("UPDATE racing.runners SET pos_raw = '9' WHERE runner_key = 'a2'")
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("drift", f"{LOAD_DAY} --force")
    assert "runner a2 has pos_raw '9', the file '1'" in answer.conclusion.text
    assert concluded(why_(FLAT)) == ("drift", f"{LOAD_DAY} --force")
    assert concluded(why_(FLAT, NEXT_DAY)) == ("loaded", "")


def test_rows_deleted_behind_our_back(bench: Bench, loaded: Card, why_: Why) -> None:
    bench.conn.execute("DELETE FROM racing.runners WHERE runner_key IN ('a1', 'a2')")
    answer = why_(FLAT, DAY)
    assert concluded(answer) == ("rows_deleted", f"{LOAD_DAY} --force")
    assert "2 runners missing" in answer.conclusion.text
    bench.load(FLAT, days=[dt.date.fromisoformat(DAY)], force=True)
    assert concluded(why_(FLAT, DAY)) == ("loaded", "")


# Questions.

TODAY = dt.date(2024, 6, 14)


def keys(found: Iterable[Subject]) -> list[str]:
    return [str(subject) for subject in found]


def test_what_can_be_asked() -> None:
    def asked(text: str) -> list[str]:
        return keys(answers.subjects(text, ("gb", "ire"), ("flat", "jumps"), TODAY))

    assert asked("gb/flat/2024-06-14") == ["gb/flat/2024-06-14"]
    assert asked("gb/flat/2024-06/") == ["gb/flat/2024-06"]
    assert asked("gb/yesterday") == ["gb/flat/2024-06-13", "gb/jumps/2024-06-13"]
    assert asked("today") == [
        f"{region}/{code}/2024-06-14" for region in ("gb", "ire") for code in ("flat", "jumps")
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fr/flat/2024-06", "region 'fr' is not in the settings: gb, ire are"),
        ("gb/trot/2024-06", "code 'trot' is not in the settings: flat, jumps are"),
        ("gb/flat/2024-06-31", "'2024-06-31' is neither a day nor a month"),
        ("gb/flat", "'flat' is neither a day nor a month"),
        ("a/gb/flat/2024-06", "is not region/code/YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_asked(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        answers.subjects(text, ("gb", "ire"), ("flat", "jumps"), TODAY)


def test_it_writes_nothing(bench: Bench, loaded: Card, database: str) -> None:
    """Also before a session that could not if it would."""
    reader = connection.connect(database, application_name="reader", read_only=True)
    with closing(reader):
        session = replace(bench.session, conn=reader)
        now = dt.datetime.now(dt.UTC)
        (answer,) = answers.answer(session, TERMS, now, [Subject(FLAT)])
    assert document.of(answer)["verdict"] == "loaded"
