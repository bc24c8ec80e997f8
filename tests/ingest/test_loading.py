"""What is on disk is in the database, every line is accounted for, and only once."""

import csv

import pytest

from giddyup_watch.demo import edits
from giddyup_watch.model import TABLES
from giddyup_watch.source import cells, content, snapshot
from tests.ingest.conftest import FLAT, JUMPS, SMALL, Bench

pytestmark = pytest.mark.usefixtures("month")


def test_every_line_of_the_files_is_a_row(bench: Bench) -> None:
    card = bench.card(FLAT)
    assert bench.count("racing.races") == len(card.races)
    assert bench.count("racing.runners") == len(card.runners)
    assert bench.count("racing.ingested_days") == len(card.days)


def test_cells_arrive_as_the_rules_read_them(bench: Bench) -> None:
    parsed = content.parse(snapshot.read(bench.master, FLAT))
    for day in parsed.days.values():
        for race in day.races.values():
            values, _ = cells.race_values(race, "auto")
            wanted = dict(zip(cells.RACE_STAGING, values, strict=True))
            del wanted["line"], wanted["course"]
            columns = ", ".join(wanted)
            stored = bench.rows(f"SELECT {columns} FROM racing.races WHERE race_key = %s", race.key)
            assert stored == [tuple(wanted.values())]


def test_runners_arrive_as_the_rules_read_them(bench: Bench) -> None:
    names = {"horse", "jockey", "trainer", "owner", "sire", "dam", "damsire"}
    parsed = content.parse(snapshot.read(bench.master, FLAT))
    runners = [
        (runner, day.day)
        for day in parsed.days.values()
        for race in day.races.values()
        for runner in race.runners
    ]
    for runner, date in runners[:200]:
        values, _ = cells.runner_values(runner, date)
        wanted = dict(zip(cells.RUNNER_STAGING, values, strict=True))
        plain = {k: v for k, v in wanted.items() if k not in names | {"line", "race_key"}}
        columns = ", ".join(f'n."{name}"' for name in plain)
        stored = bench.rows(
            f"SELECT {columns}, r.race_key, h.horse_name, b.sire, b.dam, b.damsire"
            " FROM racing.runners n JOIN racing.races r USING (race_id, race_date)"
            " JOIN racing.horses h USING (horse_id) JOIN racing.bloodlines b USING (blood_id)"
            " WHERE n.runner_key = %s",
            runner.key,
        )
        linked = [wanted[k] for k in ("race_key", "horse", "sire", "dam", "damsire")]
        assert stored == [(*plain.values(), *linked)]


def test_a_second_run_over_the_same_files_writes_nothing(bench: Bench) -> None:
    runs = bench.count("racing.etl_runs")
    result, outcomes = bench.turn()
    assert [o.result for o in outcomes] == ["unchanged"]
    assert result.run_id is None
    assert bench.count("racing.etl_runs") == runs


def test_force_reads_everything_again_and_writes_what_differs_which_is_nothing(
    bench: Bench,
) -> None:
    before = bench.value("SELECT max(xmin::text::bigint) FROM racing.runners")
    result, _ = bench.turn(trigger="cli", force=True)
    card = bench.card(FLAT)
    assert result.effects.runners.unchanged == len(card.runners)
    assert result.effects.written == 0
    assert bench.value("SELECT max(xmin::text::bigint) FROM racing.runners") == before


def test_force_repairs_a_row_that_somebody_changed(bench: Bench) -> None:
    bench.conn.execute("UPDATE racing.runners SET pos_raw = '99' WHERE pos_raw = '1'")
    result, _ = bench.turn(trigger="cli", force=True)
    assert result.effects.runners.updated > 0
    assert bench.value("SELECT count(*) FROM racing.runners WHERE pos_raw = '99'") == 0


def test_the_run_tells_what_it_did(bench: Bench) -> None:
    bench.put(JUMPS, SMALL.month(JUMPS))
    result, _ = bench.turn(JUMPS)
    status, scope, stats, error = bench.rows(
        "SELECT status, scope, stats, error_msg FROM racing.etl_runs WHERE run_id = %s",
        result.run_id,
    )[0]
    card = bench.card(JUMPS)
    assert (status, error) == ("success", None)
    assert scope == {
        "regions": ["gb"],
        "codes": ["jumps"],
        "dates": card.days,
        "trigger": "watch",
        "segments": [str(JUMPS)],
    }
    assert stats["races_inserted"] == len(card.races)
    assert stats["runners_inserted"] == len(card.runners)
    for table in TABLES:
        fates = ("inserted", "updated", "unchanged", "rejected", "duplicate", "held")
        assert stats[f"{table}_read"] == sum(stats[f"{table}_{fate}"] for fate in fates)


def test_an_appended_day_is_loaded_and_the_others_are_not_touched(bench: Bench) -> None:
    whole = bench.card(FLAT)
    last = whole.days[-1]
    assert bench.value("SELECT count(*) FROM racing.races WHERE race_date = %s", last) > 0
    bench.put(JUMPS, SMALL.month(JUMPS))
    bench.turn(JUMPS)
    outcome = bench.load(FLAT)
    assert outcome.result == "unchanged"


def test_partitions_are_made_when_first_needed_and_ahead(bench: Bench) -> None:
    names = {
        name
        for (name,) in bench.rows(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'racing.runners'::regclass"
        )
    }
    assert "racing.runners_2024_06" in names
    assert len(names) >= 3


def test_a_transaction_locks_its_own_month_alone_however_often_it_is_repeated(
    bench: Bench,
) -> None:
    for year in range(2016, 2024):
        bench.alter("SELECT racing.create_partitions_for_year(%s)", year)
    bench.alter(
        """
        CREATE TABLE racing.locks_held (count int);
        GRANT SELECT ON racing.locks_held TO public;
        CREATE FUNCTION racing.note_locks() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO racing.locks_held
          SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid();
          RETURN NULL;
        END $$;
        CREATE TRIGGER note AFTER UPDATE ON racing.ledger_segments
        EXECUTE FUNCTION racing.note_locks()
        """
    )
    card = bench.card(FLAT)
    for number in range(12):
        card.races[0]["going"] = f"Going {number}"
        edits.withdraw_runner(card, card.runners[-1]["runner_key"])
        bench.put(FLAT, card)
        assert bench.load(FLAT).effects.written == 3
    held = [count for (count,) in bench.rows("SELECT count FROM racing.locks_held")]
    assert len(held) == 12
    assert max(held) < 300


def test_staging_is_empty_afterwards(bench: Bench) -> None:
    for table in ("races", "runners", "names", "pedigrees"):
        assert bench.count(f"staging.{table}") == 0


def test_a_listener_hears_of_the_commit(bench: Bench, month: object) -> None:
    bench.conn.execute("LISTEN giddyup_ingest")
    bench.turn(trigger="cli", force=True)
    heard = [n.payload for n in bench.conn.notifies(timeout=0)]
    assert len(heard) == 1
    assert str(FLAT) in heard[0]
    assert len(heard[0].encode()) < 8000


def test_names_are_found_whatever_their_spelling_and_keep_the_first(bench: Bench) -> None:
    card = bench.card(FLAT)
    first = card.runners[0]["horse"]
    horses = bench.count("racing.horses")
    card.runners[0]["horse"] = first.upper()
    bench.put(FLAT, card)
    assert bench.load(FLAT).result == "loaded"
    assert bench.count("racing.horses") == horses
    assert bench.value("SELECT count(*) FROM racing.horses WHERE horse_name = %s", first) == 1


def test_a_pedigree_without_a_dam_is_one_bloodline_however_often_it_is_read(bench: Bench) -> None:
    card = bench.card(FLAT)
    for runner in card.runners[:3]:
        runner["sire"], runner["dam"], runner["damsire"] = "Lone Sire (GB)", "", ""
    bench.put(FLAT, card)
    bench.turn(FLAT)
    bench.turn(FLAT, trigger="cli", force=True)
    found = bench.rows("SELECT dam, damsire FROM racing.bloodlines WHERE sire = 'Lone Sire (GB)'")
    assert found == [(None, None)]
    linked = bench.value(
        "SELECT count(*) FROM racing.runners JOIN racing.bloodlines USING (blood_id)"
        " WHERE sire = 'Lone Sire (GB)'"
    )
    assert linked == 3


def test_a_month_of_the_main_writer_agrees_with_its_manifest(bench: Bench) -> None:
    agree, races, lines = bench.rows(
        "SELECT counts_agree, manifest_races, file_races FROM racing.ledger_segments"
    )[0]
    with (bench.master / str(FLAT) / f"races_gb_flat_{FLAT.month}.csv").open() as file:
        assert lines == races == sum(1 for _ in csv.DictReader(file))
    assert agree is True
