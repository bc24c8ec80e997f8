"""A race that lies in two folders belongs to one, whichever was loaded first."""

import itertools
import shutil

import pytest

from giddyup_watch.demo import edits
from giddyup_watch.demo.racing.cards import Card
from giddyup_watch.ingest import ownership
from giddyup_watch.model import SegmentKey
from tests.ingest.conftest import DAY, FLAT, JUMPS, NEXT_DAY, SMALL, Bench, race, together

HURDLE = SegmentKey("gb", "hurdle", FLAT.month)


@pytest.mark.parametrize(
    ("code", "race_type", "rank"),
    [
        ("flat", "Flat", 0),
        ("jumps", "Flat", 2),
        ("jumps", "Hurdle", 1),
        ("hurdle", "Hurdle", 0),
        ("nh flat", "NH Flat", 0),
        ("flat", "NH Flat", 2),
        ("jumps", "NH Flat", 1),
    ],
)
def test_the_claim_of_a_folder(code: str, race_type: str, rank: int) -> None:
    assert ownership.rank(code, race_type) == rank


@pytest.fixture
def misfiled(bench: Bench) -> Card:
    """A month of jumps, of which three races also lie in the flat folder, with other going."""
    jumps = SMALL.month(JUMPS)
    strays = edits.part(jumps, [race["race_key"] for race in jumps.races[:3]])
    flat = SMALL.month(FLAT)
    flat.extend(Card([dict(r, going="Misfiled") for r in strays.races], list(strays.runners)))
    bench.put(JUMPS, jumps)
    bench.put(FLAT, flat)
    return jumps


def owners(bench: Bench) -> list[tuple[str, bool]]:
    return bench.rows(
        "SELECT DISTINCT code, owned FROM racing.ledger_races"
        " WHERE race_key IN (SELECT race_key FROM racing.ledger_races"
        " GROUP BY race_key HAVING count(*) > 1) ORDER BY 1"
    )


def goings(bench: Bench, card: Card) -> set[str]:
    keys = [race["race_key"] for race in card.races[:3]]
    return {
        going
        for (going,) in bench.rows("SELECT going FROM racing.races WHERE race_key = ANY(%s)", keys)
    }


@pytest.mark.parametrize("order", [(FLAT, JUMPS), (JUMPS, FLAT)])
def test_the_folder_of_its_code_owns_a_race_in_either_order(
    bench: Bench, misfiled: Card, order: tuple[SegmentKey, SegmentKey]
) -> None:
    result, _ = bench.turn(*order)
    assert owners(bench) == [("flat", False), ("jumps", True)]
    assert "Misfiled" not in goings(bench, misfiled)
    total = len(bench.card(FLAT).races) - 3 + len(misfiled.races)
    assert bench.count("racing.races") == total
    assert result.effects.races.read == total + 3
    assert bench.value("SELECT misfiled FROM racing.ledger_segments WHERE code = 'flat'") == 3


@pytest.mark.failure(line=15)
def test_copies_of_another_folder_are_counted_as_duplicate(bench: Bench, misfiled: Card) -> None:
    bench.turn(JUMPS)
    outcome = bench.load(FLAT)
    runners = sum(len(edits.field_of(misfiled, r["race_key"])) for r in misfiled.races[:3])
    assert outcome.effects.races.duplicate == 3
    assert outcome.effects.runners.duplicate == runners
    assert bench.load(FLAT).result == "unchanged"


def test_when_the_owner_drops_a_race_it_passes_to_who_holds_it(
    bench: Bench, misfiled: Card
) -> None:
    bench.turn(JUMPS, FLAT)
    dropped = [race["race_key"] for race in misfiled.races[:3]]
    edits.drop_races(misfiled, dropped)
    bench.put(JUMPS, misfiled)
    outcome = bench.load(JUMPS)
    assert outcome.result == "loaded"
    assert outcome.effects.races.deleted == 0
    assert outcome.also == (FLAT,)
    assert bench.load(FLAT).effects.races.updated == 3
    found = bench.rows("SELECT DISTINCT going FROM racing.races WHERE race_key = ANY(%s)", dropped)
    assert found == [("Misfiled",)]


def test_a_race_passes_within_one_turn(bench: Bench) -> None:
    stays = race("stays", ["c"], kind="Hurdle")
    bench.put(JUMPS, together(race("passes", ["a"], kind="Hurdle"), stays))
    bench.put(FLAT, race("passes", ["a"], kind="Hurdle", going="Misfiled"))
    bench.turn(JUMPS, FLAT)
    bench.put(JUMPS, stays)
    _, outcomes = bench.turn(JUMPS, FLAT)
    assert [outcome.result for outcome in outcomes] == ["loaded", "loaded"]
    assert bench.value("SELECT going FROM racing.races WHERE race_key = 'passes'") == "Misfiled"


def test_when_the_last_holder_drops_it_the_race_is_deleted(bench: Bench, misfiled: Card) -> None:
    bench.turn(JUMPS, FLAT)
    dropped = [race["race_key"] for race in misfiled.races[:3]]
    edits.drop_races(misfiled, dropped)
    bench.put(JUMPS, misfiled)
    flat = bench.card(FLAT)
    edits.drop_races(flat, dropped)
    bench.put(FLAT, flat)
    bench.turn(JUMPS, FLAT, trigger="cli", accept=["shrink"])
    bench.turn(JUMPS, FLAT, trigger="cli", accept=["shrink"])
    assert bench.rows("SELECT 1 FROM racing.races WHERE race_key = ANY(%s)", dropped) == []
    assert bench.rows("SELECT 1 FROM racing.ledger_races WHERE race_key = ANY(%s)", dropped) == []


def test_runners_that_only_the_losing_copy_had_go_with_it(bench: Bench) -> None:
    jumps = SMALL.month(JUMPS)
    key = jumps.races[0]["race_key"]
    stray = edits.part(jumps, [key])
    extra = dict(stray.runners[0], runner_key="only-in-flat", horse="Only In Flat (IRE)")
    bench.put(FLAT, Card(list(stray.races), [*stray.runners, extra]))
    bench.load(FLAT)
    bench.put(JUMPS, jumps)
    bench.load(JUMPS)
    assert bench.rows("SELECT 1 FROM racing.runners WHERE runner_key = 'only-in-flat'") == []
    assert bench.count("racing.runners") == len(jumps.runners)


def test_a_misfiled_race_alone_in_the_wrong_folder_is_loaded(bench: Bench) -> None:
    jumps = SMALL.month(JUMPS)
    bench.put(FLAT, edits.part(jumps, [jumps.races[0]["race_key"]]))
    assert bench.load(FLAT).effects.races.inserted == 1
    assert bench.value("SELECT race_type FROM racing.races") == jumps.races[0]["type"]


@pytest.mark.parametrize("order", [(FLAT, JUMPS), (JUMPS, FLAT)])
def test_a_runner_key_in_two_races_goes_to_the_folder_that_sorts_first(
    bench: Bench, order: tuple[SegmentKey, SegmentKey]
) -> None:
    flat, jumps = SMALL.month(FLAT), SMALL.month(JUMPS)
    ours, theirs = flat.races[0]["race_key"], jumps.races[0]["race_key"]
    jumps.races[0]["date"] = flat.races[0]["date"]
    edits.field_of(jumps, theirs)[0]["runner_key"] = edits.field_of(flat, ours)[0]["runner_key"]
    shared = edits.field_of(flat, ours)[0]["runner_key"]
    bench.put(FLAT, flat)
    bench.put(JUMPS, jumps)
    bench.turn(*order)
    found = bench.rows(
        "SELECT r.race_key FROM racing.runners n JOIN racing.races r USING (race_id, race_date)"
        " WHERE n.runner_key = %s",
        shared,
    )
    assert found == [(ours,)]
    edits.withdraw_runner(flat, shared)
    bench.put(FLAT, flat)
    assert bench.load(FLAT).also == (JUMPS,)
    bench.load(JUMPS)
    found = bench.rows(
        "SELECT r.race_key FROM racing.runners n JOIN racing.races r USING (race_id, race_date)"
        " WHERE n.runner_key = %s",
        shared,
    )
    assert found == [(theirs,)]


@pytest.mark.parametrize("order", [(FLAT, JUMPS), (JUMPS, FLAT)])
def test_taking_a_race_over_is_no_shrinkage(
    bench: Bench, order: tuple[SegmentKey, SegmentKey]
) -> None:
    bench.put(FLAT, race("j", "abcdefgh", kind="Hurdle"))
    bench.put(JUMPS, race("j", "abcde", kind="Hurdle"))
    _, outcomes = bench.turn(*order)
    assert {outcome.result for outcome in outcomes} == {"loaded"}
    assert placed(bench) == [("j", name) for name in "abcde"]


def test_a_runner_that_moved_to_a_copy_of_a_race_that_is_not_ours_is_deleted(bench: Bench) -> None:
    bench.put(JUMPS, race("j", "a", kind="Hurdle"))
    bench.put(FLAT, together(race("f", "xy"), race("j", "a", kind="Hurdle")))
    bench.turn(JUMPS, FLAT)
    bench.put(FLAT, together(race("f", "x"), race("j", "ay", kind="Hurdle")))
    bench.load(FLAT)
    assert placed(bench) == [("f", "x"), ("j", "a")]


@pytest.mark.parametrize("order", [(FLAT, JUMPS), (JUMPS, FLAT)])
def test_a_copy_of_a_race_takes_no_claim_to_its_runners_away(
    bench: Bench, order: tuple[SegmentKey, SegmentKey]
) -> None:
    bench.put(FLAT, race("f", "xk"))
    bench.put(JUMPS, together(race("f", "x"), race("j", "ak", kind="Hurdle")))
    bench.turn(*order)
    assert placed(bench) == [("f", "k"), ("f", "x"), ("j", "a")]


def test_a_runner_passes_to_a_race_of_another_although_we_hold_a_copy_of_it(bench: Bench) -> None:
    copy = race("j", "a", kind="Hurdle")
    bench.put(FLAT, together(race("f", "xk"), copy))
    bench.put(JUMPS, race("j", "ak", kind="Hurdle"))
    bench.turn(FLAT, JUMPS)
    bench.put(FLAT, together(race("f", "x"), copy))
    assert bench.load(FLAT).also == (JUMPS,)
    bench.load(JUMPS)
    assert placed(bench) == [("f", "x"), ("j", "a"), ("j", "k")]


@pytest.mark.parametrize("order", [*itertools.permutations((FLAT, HURDLE, JUMPS))])
@pytest.mark.parametrize("field", ["a", "ak"])
def test_a_runner_of_a_race_taken_over_goes_to_the_first_that_claims_it(
    bench: Bench, order: tuple[SegmentKey, ...], field: str
) -> None:
    bench.put(FLAT, race("taken", "k", kind="Chase"))
    bench.put(HURDLE, race("h", "k", kind="Hurdle"))
    bench.put(JUMPS, race("taken", field, kind="Chase"))
    queue = list(order)
    while queue:
        queue += bench.load(queue.pop(0)).also
    assert placed(bench) == [("h", "k"), ("taken", "a")]


def test_a_runner_of_three_folders_passes_to_the_one_that_sorts_first(bench: Bench) -> None:
    bench.put(FLAT, race("f", "xk"))
    bench.put(HURDLE, race("h", "bk", kind="Hurdle"))
    bench.put(JUMPS, race("j", "ak", kind="Chase"))
    bench.turn(JUMPS, HURDLE, FLAT)
    bench.put(FLAT, race("f", "x"))
    assert bench.load(FLAT).also == (HURDLE,)
    bench.load(HURDLE)
    assert placed(bench) == [("f", "x"), ("h", "b"), ("h", "k"), ("j", "a")]


@pytest.fixture
def contested(bench: Bench) -> Card:
    """A race that two folders have, both loaded; jumps owns it, and has another."""
    jumps = together(race("j", "a", kind="Hurdle"), race("o", "c", kind="Hurdle"))
    bench.put(JUMPS, jumps)
    bench.put(FLAT, together(race("f", "x"), race("j", "a", kind="Hurdle", going="Flat says")))
    bench.turn(JUMPS, FLAT)
    return jumps


def going(bench: Bench) -> object:
    return bench.value("SELECT going FROM racing.races WHERE race_key = 'j'")


def test_a_folder_that_is_gone_keeps_no_race_from_the_one_that_has_it(
    bench: Bench, contested: Card
) -> None:
    shutil.rmtree(bench.master / str(JUMPS))
    outcome = bench.load(JUMPS)
    assert (outcome.result, outcome.also) == ("absent", (FLAT,))
    bench.load(FLAT)
    assert going(bench) == "Flat says"
    assert bench.count("racing.races") == 3
    bench.put(JUMPS, contested)
    bench.turn(JUMPS)
    assert going(bench) is None
    assert bench.load(FLAT).result == "unchanged"


def test_a_race_of_a_folder_that_is_gone_is_owned_by_the_one_where_it_turns_up(
    bench: Bench,
) -> None:
    jumps = race("j", "a", kind="Hurdle")
    bench.put(JUMPS, jumps)
    bench.load(JUMPS)
    shutil.rmtree(bench.master / str(JUMPS))
    bench.load(JUMPS)
    bench.put(FLAT, race("j", "a", kind="Hurdle", going="Flat says"))
    bench.load(FLAT)
    assert going(bench) == "Flat says"
    bench.put(JUMPS, jumps)
    bench.load(JUMPS)
    assert going(bench) is None
    assert owners(bench) == [("flat", False), ("jumps", True)]


def test_a_race_of_an_absent_day_passes_to_the_one_that_has_it(
    bench: Bench, contested: Card
) -> None:
    later = race("p", "q", kind="Hurdle", day=NEXT_DAY)
    bench.put(JUMPS, together(contested, later))
    bench.load(JUMPS)
    bench.put(JUMPS, later)
    assert bench.load(JUMPS).also == (FLAT,)
    bench.load(FLAT)
    assert going(bench) == "Flat says"
    assert bench.count("racing.races") == 4
    assert bench.value("SELECT state FROM racing.ledger_days WHERE d = %s", DAY) == "absent"


def placed(bench: Bench) -> list[tuple[str, str]]:
    """Each runner with its race."""
    return bench.rows(
        "SELECT r.race_key, n.runner_key FROM racing.runners n"
        " LEFT JOIN racing.races r USING (race_id, race_date) ORDER BY 1, 2"
    )
