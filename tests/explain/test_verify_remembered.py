"""A proof that is remembered holds only as long as nothing that it rests on has changed."""

import datetime as dt
import os
from dataclasses import replace

import pytest

from giddyup_watch.explain import verify
from giddyup_watch.explain.proof import Proof
from giddyup_watch.model import Rules
from tests import server
from tests.explain.proving import prove
from tests.ingest.conftest import DAY, FLAT, NEXT_DAY, Bench, race, together

TAMPERED = {
    "a runner's cell": "UPDATE racing.runners SET lbs = 1 WHERE runner_key = 'a'",
    "a runner gone": "DELETE FROM racing.runners WHERE runner_key = 'a'",
    "a runner of others": """
        INSERT INTO racing.runners (runner_key, race_id, race_date, pos_raw)
        SELECT 'x', race_id, race_date, '9' FROM racing.races LIMIT 1
    """,
    "two runners' horses exchanged": """
        UPDATE racing.runners AS r SET horse_id = o.horse_id FROM racing.runners AS o
        WHERE (r.runner_key, o.runner_key) IN (('a', 'b'), ('b', 'a'))
    """,
    "a race's cell": "UPDATE racing.races SET going = 'Heavy' WHERE race_key = 'r1'",
    "a race of another day": "UPDATE racing.races SET going = 'Heavy' WHERE race_key = 'r3'",
    "a horse's name": "UPDATE racing.horses SET horse_name = 'Nobody' WHERE horse_id = 1",
    "a course's name": "UPDATE racing.courses SET course_name = 'Nowhere'",
    "a race's provenance": "UPDATE racing.ledger_races SET digest = '' WHERE race_key = 'r1'",
    "a runner's provenance": """
        UPDATE racing.ledger_races SET runner_keys = '{a}' WHERE race_key = 'r1'
    """,
    "a day's digest": "UPDATE racing.ledger_days SET digest = ''",
    "a day that was loaded": "DELETE FROM racing.ingested_days",
    "a day of others": """
        INSERT INTO racing.ingested_days (d, region, code) VALUES ('2024-06-20', 'gb', 'flat')
    """,
    "the segment's files": "UPDATE racing.ledger_segments SET races_sha256 = ''",
    "the rules it was loaded under": "UPDATE racing.ledger_segments SET rules = 'others'",
    "how names are found": """
        CREATE OR REPLACE FUNCTION racing.norm_text(t text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT upper($1) $$
    """,
    "what was counted": "UPDATE racing.verified_segments SET counts = replace(counts, '1', '2')",
    "what it rests on": "UPDATE racing.verified_segments SET rests_on = sha256(rests_on)",
    "the names it knew": "UPDATE racing.verified_segments SET names_to[2] = names_to[2] - 1",
}


@pytest.fixture
def proven(bench: Bench) -> Bench:
    """Two days of races, loaded, and proven."""
    bench.put(
        FLAT,
        together(race("r1", ["a", "b", "c"], going="Good"), race("r3", ["f", "g"], day=NEXT_DAY)),
    )
    assert bench.load(FLAT).result == "loaded"
    assert not prove(bench).remembered
    return bench


def ask(bench: Bench) -> Proof:
    (proof,) = verify.prove(bench.session, [FLAT])
    return replace(proof, seconds=0.0)


def test_nothing_changed_and_the_proof_is_the_same(proven: Bench) -> None:
    again = ask(proven)
    (anew,) = verify.prove(proven.session, [FLAT], anew=lambda _key: True)
    assert again.remembered
    assert not anew.remembered
    assert again == replace(anew, seconds=0.0, remembered=True)
    assert [(day.day, day.races.compared, day.runners.compared) for day in again.days] == [
        (dt.date.fromisoformat(DAY), 1, 3),
        (dt.date.fromisoformat(NEXT_DAY), 1, 2),
    ]


@pytest.mark.parametrize("statement", TAMPERED.values(), ids=TAMPERED)
def test_whatever_is_changed_in_the_database_has_the_lines_compared(
    proven: Bench, statement: str
) -> None:
    server.alter(proven.conn, statement)
    assert not ask(proven).remembered
    prove(proven)  # which finds the same by what is remembered and without


def test_a_change_that_is_taken_back_leaves_the_proof_as_it_was(proven: Bench) -> None:
    proven.conn.execute("UPDATE racing.runners SET lbs = 9")
    assert not ask(proven).remembered
    proven.conn.execute("UPDATE racing.runners SET lbs = NULL")
    assert ask(proven).remembered


def test_a_changed_file_has_the_lines_compared(proven: Bench) -> None:
    for path in proven.master.rglob("*.*"):
        os.utime(path)
    assert ask(proven).remembered
    proven.put(FLAT, together(race("r1", ["a", "b", "c"], going="Soft")))
    assert not ask(proven).remembered


def test_other_rules_have_the_lines_compared(proven: Bench) -> None:
    session = replace(proven.session, rules=Rules(off_times="24h"))
    (proof,) = verify.prove(session, [FLAT])
    assert not proof.remembered


def test_names_that_came_later_change_no_proof(proven: Bench) -> None:
    proven.conn.execute("INSERT INTO racing.horses (horse_name) VALUES ('Later')")
    again = ask(proven)
    assert again.remembered
    assert verify.record(proven.conn, again)
    assert ask(proven).remembered


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE racing.runners SET lbs = 1",
        "UPDATE racing.ledger_days SET state = 'held', reason = 'rejects'",
        "DELETE FROM racing.ledger_races WHERE race_key = 'r1'",
    ],
)
def test_only_what_was_compared_and_equal_is_remembered(proven: Bench, statement: str) -> None:
    proven.conn.execute(statement)
    prove(proven)
    assert not ask(proven).remembered
