"""`verify`: does the database equal the disk?"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from giddyup_watch.cli import database, options, output, selection
from giddyup_watch.cli.loading import turns
from giddyup_watch.explain import verify as proving
from giddyup_watch.explain.proof import RESULTS, DayProof, Proof, Tally
from giddyup_watch.model import TABLES, SegmentKey, Table, newest_first

EXIT_DIFFERENT = 1

#: Rows of each table on a terminal; the JSON document has all there is.
SHOWN = 40


@click.command()
@options.with_source
@options.with_folders
@click.option(
    "--month", "months", type=options.Month(), multiple=True, help="Only this one; repeatable."
)
@click.option(
    "--full", is_flag=True, help="Compare line by line what is as it was when it was proven, too."
)
@options.as_json
def verify(
    source: options.Source,
    *,
    regions: tuple[str, ...],
    codes: tuple[str, ...],
    months: tuple[str, ...],
    full: bool,
    as_json: bool,
) -> int:
    """Prove, row by row, that the database equals the files, all in one snapshot of it.

    Takes no lock and writes nothing. Exits 1 on a difference; what is behind,
    held, absent or refused is said, and is none. Rows of others are counted.
    A segment that the daemon proved, and of which no file, row, name or rule has
    changed since by SHA-256, is equal still: only --full compares its lines again.
    """
    given = source.load()
    folders = selection.folders(given, regions, codes)
    with database.connected(given, "verify", read_only=True) as conn:
        database.require_migrated(conn)
        there = selection.segments(conn, given, folders, given_up=True)
        keys = [key for key in sorted(there, key=newest_first) if _wanted(key, months)]
        proofs: list[Proof] = []
        with output.progress("segments", quiet=True) as progress:
            session = turns.session(conn, given)
            for proof in proving.prove(session, keys, anew=lambda _key: full):
                proofs.append(proof)
                progress(len(proofs), len(keys), str(proof.key))
    if as_json:
        output.document(_document(proofs))
    else:
        _show(proofs)
    return EXIT_DIFFERENT if any(proof.differing for proof in proofs) else 0


def _wanted(key: SegmentKey, months: Sequence[str]) -> bool:
    return not months or key.month in months


def _show(proofs: Sequence[Proof]) -> None:
    told = [(proof, day) for proof in proofs for day in proof.days if _worth_telling(day)]
    bare = [proof for proof in proofs if not proof.days and proof.result != "equal"]
    if told or bare:
        rows: list[tuple[object, ...]]
        rows = [(p.key, day.day, day.result, _why(day)) for p, day in told]
        rows += [(proof.key, None, proof.result, proof.reason) for proof in bare]
        output.table(("segment", "day", "result", "why"), rows[:SHOWN])
        _more(len(rows))
    cells = [(day.day, *cell) for _, day in told for cell in day.sample]
    if cells:
        headers = ("day", "fault", "table", "key", "column", "in the database", "in the file")
        click.echo()
        output.table(headers, cells[:SHOWN])
        _more(len(cells))
    click.echo(_totals(proofs))
    differing = sorted({proof.key for proof in proofs if proof.differing}, key=newest_first)
    if differing:
        key = differing[0]
        command = f"ingest --region {key.region} --code {key.code} --month {key.month} --force"
        click.echo(f"To repair: giddyup-watch {command}")


def _more(count: int) -> None:
    if count > SHOWN:
        click.echo(f"… {count - SHOWN} more, see --json")


def _totals(proofs: Sequence[Proof]) -> str:
    results = Counter(proof.result for proof in proofs)
    said = ", ".join(f"{count} {result}" for result, count in sorted(results.items()))
    races, runners = _sum(proofs, "races"), _sum(proofs, "runners")
    strangers = races.foreign + runners.foreign
    remembered = sum(proof.remembered for proof in proofs)
    return (
        f"{len(proofs)} segments: {said or 'nothing to compare'};"
        f" {races.compared:,} races and {runners.compared:,} runners compared"
        + (f", {strangers:,} rows of others" if strangers else "")
        + (f"; nothing changed since its proof in {remembered} of them" if remembered else "")
    )


def _worth_telling(day: DayProof) -> bool:
    return day.result != "equal" or bool(day.reason or day.races.foreign or day.runners.foreign)


def _why(day: DayProof) -> str:
    counts = ((table, day.tally(table).foreign) for table in TABLES)
    strangers = " and ".join(f"{count} {table}" for table, count in counts if count)
    return "; ".join(filter(None, (day.finding, strangers and f"others wrote {strangers}")))


def _sum(proofs: Sequence[Proof], table: Table) -> Tally:
    total = Tally()
    for proof in proofs:
        for day in proof.days:
            total.add(day.tally(table))
    return total


def _document(proofs: Sequence[Proof]) -> dict[str, Any]:
    results = Counter(proof.result for proof in proofs)
    return {
        "different": any(proof.differing for proof in proofs),
        "results": {result: results[result] for result in RESULTS},
        "races": _tally(_sum(proofs, "races")),
        "runners": _tally(_sum(proofs, "runners")),
        "segments": [_segment(proof) for proof in proofs],
    }


def _segment(proof: Proof) -> dict[str, Any]:
    return {
        "segment": str(proof.key),
        "result": proof.result,
        "reason": proof.reason,
        "finding": proof.finding,
        "equal_days": sum(day.result == "equal" for day in proof.days),
        "remembered": proof.remembered,
        "seconds": round(proof.seconds, 3),
        "days": [_day(day) for day in proof.days if _worth_telling(day)],
    }


def _day(day: DayProof) -> dict[str, Any]:
    return {
        "day": day.day,
        "result": day.result,
        "reason": day.reason,
        "races": _tally(day.races),
        "runners": _tally(day.runners),
        "sample": [cell._asdict() for cell in day.sample],
    }


def _tally(tally: Tally) -> dict[str, int]:
    return {name: getattr(tally, name) for name in tally.__slots__}
