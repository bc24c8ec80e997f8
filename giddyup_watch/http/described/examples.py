"""Answers as the OpenAPI document shows them: one for each operation, one for each problem."""

from collections.abc import Mapping
from typing import Any

from giddyup_watch.http.listening.protocol import NOT_HTTP
from giddyup_watch.http.problems import Problem

_SCOPE: dict[str, Any] = {
    "regions": ["gb"],
    "codes": ["flat"],
    "dates": ["2025-10-13"],
    "trigger": "api",
    "segments": ["gb/flat/2025-10"],
}
_ACCEPTED: dict[str, Any] = {
    "run_id": 42,
    "status": "running",
    "started_at": "2025-10-13T18:45:00Z",
    "scope": _SCOPE | {"segments": []},
}
_RUN: dict[str, Any] = {
    "run_id": 42,
    "status": "success",
    "started_at": "2025-10-13T18:45:00Z",
    "finished_at": "2025-10-13T18:47:32Z",
    "duration_ms": 152430,
    "scope": _SCOPE,
    "stats": {
        "races_inserted": 125,
        "runners_inserted": 1350,
        "races_updated": 8,
        "runners_updated": 95,
        "errors": 0,
    },
    "error_msg": None,
}
_ROWS = {"read": 133, "inserted": 125, "updated": 8, "unchanged": 0}
_PROGRESS: dict[str, Any] = {
    "segments_total": 1,
    "segments_done": 1,
    "ended": True,
    "segments": [
        {
            "segment": "gb/flat/2025-10",
            "result": "loaded",
            "reason": "",
            "days": ["2025-10-13"],
            "races": _ROWS,
            "runners": _ROWS | {"read": 1445, "inserted": 1350, "updated": 95},
            "seconds": 1.204,
            "bug": False,
        }
    ],
}
_GAP: dict[str, Any] = {
    "gap_id": 7,
    "check": "missing_days",
    "severity": "warning",
    "key": "gb/2025-10-12",
    "region": "gb",
    "code": None,
    "date": "2025-10-12",
    "finding": "no file of gb has a race of 2025-10-12",
    "hint": "look whether the scraper ran that day",
    "item": {"region": "gb", "date": "2025-10-12"},
    "opened_at": "2025-10-13T04:00:00Z",
    "changed_at": "2025-10-13T04:00:00Z",
    "seen_at": "2025-10-13T18:45:00Z",
    "acked_at": None,
    "note": None,
}

#: By operationId.
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "ingest_run": _ACCEPTED,
    "ingest_backfill": _ACCEPTED,
    "ingest_cancel": {"run_id": 42},
    "ingest_pause": {"paused": True, "paused_until": "2025-10-13T20:45:00Z", "parked": None},
    "ingest_resume": {"paused": False, "paused_until": None, "parked": 3},
    "rescan": {"status": "asked"},
    "reload": {"applied": ["watch.quiet_ms"], "restart_needed": ["http.listen"]},
    "ingest_status": _RUN,
    "ingest_runs": {"runs": [_RUN]},
    "ingest_run_detail": _RUN | {"progress": _PROGRESS},
    "list_segments": {
        "segments": [
            {
                "region": "gb",
                "code": "flat",
                "month": "2025-10",
                "state": "loaded",
                "reason": "",
                "counts_agree": True,
                "manifest_races": 133,
                "manifest_runners": 1445,
                "file_races": 133,
                "file_runners": 1445,
                "attempts": 0,
                "changed_at": "2025-10-13T18:44:58Z",
                "decided_at": "2025-10-13T18:45:01Z",
                "run_id": 42,
            }
        ]
    },
    "gaps": {
        "date": "2025-10-13",
        "checks": {
            "runner_count_mismatch": {
                "count": 1,
                "races": [
                    {
                        "race_id": 991122,
                        "date": "2025-10-12",
                        "course_name": "Kempton",
                        "ran": 12,
                        "runner_rows": 11,
                    }
                ],
            }
        },
        "summary": {"total_issues": 1, "critical": 0, "warnings": 1},
    },
    "gaps_open": {
        "gaps": [_GAP],
        "summary": {"total_issues": 1, "critical": 0, "warnings": 1, "acknowledged": 0},
    },
    "gap_ack": _GAP
    | {
        "acked_at": "2025-10-13T18:50:00Z",
        "note": "abandoned: the source never gave a result",
    },
    "coverage_of_year": {
        "year": 2025,
        "tree": True,
        "calendars": [
            {
                "region": "gb",
                "code": "flat",
                "totals": {"loaded": 1},
                "days": [
                    {
                        "day": "2025-10-13",
                        "state": "loaded",
                        "reason": "",
                        "on_disk": 21,
                        "stored": 21,
                    }
                ],
            }
        ],
    },
    "why": {
        "asked": "gb/flat/2025-10-13",
        "answers": [
            {
                "subject": "gb/flat/2025-10-13",
                "segment": "gb/flat/2025-10",
                "day": "2025-10-13",
                "verdict": "loaded",
                "conclusion": "the database has all 21 races of the files",
                "command": "",
            }
        ],
    },
}

_BUSY = "run 42, asked for over the API"

#: By status.
PROBLEMS: Mapping[int, Problem] = {
    one.status: one
    for one in (
        NOT_HTTP,
        Problem(
            401,
            "a request that changes something needs a token",
            "send 'Authorization: Bearer TOKEN' or 'X-API-Key: TOKEN' with what changes",
            "token",
        ),
        Problem(
            403,
            "the request comes from a web page of another site",
            "only pages of this listener, and programs without an Origin, are answered",
            "cross-site",
        ),
        Problem(404, "there is no run 42", "GET /openapi.json lists what there is"),
        Problem(
            408, "no whole body came within 10 s", "send it as a whole, or ask over a better line"
        ),
        Problem(
            409,
            f"{_BUSY} goes on",
            "wait for its end, or cancel it",
            "busy",
            {"holder": _BUSY},
        ),
        Problem(413, "the body is larger than 65536 bytes", "no request of this API needs so much"),
        Problem(
            421,
            "this daemon follows another tree, or another database",
            "name the same tree and database as its settings do",
        ),
        Problem(
            422,
            "body.range: give dates or range, one of them",
            "GET /openapi.json has the form and examples",
            more={
                "errors": [{"place": "body.range", "mistake": "give dates or range, one of them"}]
            },
        ),
        Problem(429, "too many requests to change", "wait a second between requests"),
        Problem(
            503,
            "the database does not answer: connection refused",
            "try again in a few seconds",
            "database",
        ),
    )
}
