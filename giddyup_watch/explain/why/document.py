"""An answer of `why` as JSON; docs/json.md has its shape."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from giddyup_watch import model
from giddyup_watch.explain.proof import Proof
from giddyup_watch.explain.why.answers import Answer
from giddyup_watch.explain.why.disk import File
from giddyup_watch.explain.why.evidence import Evidence
from giddyup_watch.store.dossier import Rows
from giddyup_watch.store.incidents import Incident
from giddyup_watch.store.runs import Run


def of(answer: Answer) -> dict[str, Any]:
    """Return the document; dates and times are left for whoever writes the JSON."""
    e = answer.evidence
    return {
        "subject": str(e.subject),
        "segment": str(e.subject.key),
        "day": e.subject.day,
        "verdict": answer.conclusion.verdict,
        "conclusion": answer.conclusion.text,
        "command": answer.conclusion.command,
        "disk": _disk(e),
        "manifest": _manifest(e),
        "ledger": _ledger(e),
        "next": [
            {"day": plan.day, "action": plan.action, "reason": plan.reason} for plan in e.work
        ],
        "expected": e.expected,
        "runs": [_run(run) for run in e.runs],
        "rejects": _rejects(e),
        "rows": [_rows(one) for one in e.rows],
        "gaps": [_gap(one) for one in e.gaps],
        "proof": _proof(e, e.proof),
        "surroundings": _surroundings(e),
    }


def _disk(e: Evidence) -> dict[str, Any]:
    days = e.seen.values()
    rejects = [one for day in days for one in day.rejects]
    return {
        "state": e.disk.state,
        "folder": str(e.disk.folder),
        "problem": e.disk.problem,
        "files": [_file(e, file) for file in e.disk.files],
        "days": len(days),
        "races": sum(len(day.races) for day in days),
        "runners": sum(day.runners for day in days),
        "rejected": sum(one.column is None for one in rejects),
        "undated": len(e.disk.undated),
    }


def _file(e: Evidence, file: File) -> dict[str, Any]:
    known = e.known.fingerprint if e.known else None
    loaded = (known.manifest, known.races, known.runners) if known else ()
    return {
        "name": file.name,
        "bytes": file.size,
        "changed_at": file.changed_at,
        "sha256": file.sha256.hex() if file.sha256 else None,
        "as_in_ledger": file.sha256 in loaded if file.sha256 else None,
    }


def _manifest(e: Evidence) -> dict[str, Any] | None:
    if e.disk.snapshot is None:
        return None
    claim = e.claim
    return {
        "problem": e.disk.snapshot.manifest_problem,
        "races": claim.race_count if claim else None,
        "runners": claim.runner_count if claim else None,
        "last_updated": claim.last_updated if claim else None,
        "claimed": len(e.claimed),
        "believed": len(e.believed),
        "agrees": e.disk.agrees,
    }


def _ledger(e: Evidence) -> dict[str, Any] | None:
    """What was decided; days that only `ingested_days` has are others' and have no state."""
    known, decision = e.known, e.decision
    if known is None or decision is None:
        return None
    return {
        "state": known.state,
        "reason": known.reason,
        "attempts": known.attempts,
        "up_to_date": e.decided,
        "counts_agree": decision.counts_agree,
        "misfiled": decision.misfiled,
        "changed_at": decision.changed_at,
        "decided_at": decision.decided_at,
        "run_id": decision.run_id,
        "days": [asdict(one) for one in e.days.values()],
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "status": run.status,
        "trigger": run.scope.get("trigger"),
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "error_msg": run.error_msg,
    }


def _rejects(e: Evidence) -> dict[str, Any]:
    first = e.rejects[0] if e.rejects else None
    shown = [
        {name: value for name, value in asdict(one).items() if name not in ("lines", "cells")}
        for one in e.rejects
    ]
    return {
        "lines": first.lines if first else 0,
        "cells": first.cells if first else 0,
        "first": shown,
    }


def _rows(one: Rows) -> dict[str, Any]:
    owner = f"{one.owner_region}/{one.owner_code}" if one.owner_code is not None else None
    return {
        "race_type": one.race_type,
        "code": model.code_of(one.race_type),
        "owner": owner,
        "races": one.races,
        "runners": one.runners,
        "foreign_runners": one.foreign_runners,
    }


def _gap(one: Incident) -> dict[str, Any]:
    return {
        "id": one.gap_id,
        "check": one.check_name,
        "severity": one.severity,
        "key": one.key,
        "finding": one.finding,
        "opened_at": one.opened_at,
        "acked_at": one.acked_at,
    }


def _proof(e: Evidence, proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    days = [day for day in proof.days if e.subject.holds(day.day)]
    return {
        "result": proof.result,
        "reason": proof.reason,
        "differences": [{"day": day.day, **one._asdict()} for day in days for one in day.sample],
    }


def _surroundings(e: Evidence) -> Mapping[str, Any]:
    around = e.around
    return {
        "migrations_due": list(around.migrations),
        "needs_backfill": around.adoption_due,
        "paused": around.control.paused if around.control else None,
        "paused_until": around.control.paused_until if around.control else None,
        "lock_holder": str(around.holder) if around.holder else None,
        "daemon": around.active.session.pid if around.active else None,
        "queue": around.active.queue if around.active else None,
        "derived": around.upkeep.mode if around.upkeep else None,
        "derived_noted_races": around.upkeep.races if around.upkeep else None,
    }
