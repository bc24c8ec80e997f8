"""NOTIFY at commit: listeners learn what was loaded, and what is missing, without asking."""

import json
from collections.abc import Iterable
from typing import Any, Literal

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.incidents import Incident

GapAction = Literal["opened", "changed", "resolved"]

#: The server takes payloads below this, in bytes.
PAYLOAD_LIMIT = 8000
#: Characters that are kept of a long text: twelve bytes each at worst, and two of them fit.
TEXT_CUT = 300


def ingested(conn: Connection, document: dict[str, Any]) -> None:
    """Send `document` on `giddyup_ingest`; its `days` are left out when it would be too long."""
    payload = _compact(document)
    if len(payload) >= PAYLOAD_LIMIT:
        payload = _compact(document | {"days": [], "truncated": True})
    connection.fetch_value(conn, "notify_ingest", {"payload": payload})


def gaps(conn: Connection, action: GapAction, about: Iterable[Incident]) -> None:
    """Send one document an incident on `giddyup_gap`; cut when it would be too long."""
    payloads = [_gap(action, incident) for incident in about]
    if payloads:
        connection.execute(conn, "notify_gaps", {"payloads": payloads})


def _gap(action: GapAction, incident: Incident) -> str:
    document: dict[str, Any] = {
        "action": action,
        "gap_id": incident.gap_id,
        "check": incident.check_name,
        "severity": incident.severity,
        "key": incident.key,
        "region": incident.region,
        "code": incident.code,
        "day": incident.d.isoformat() if incident.d else None,
        "finding": incident.finding,
    }
    payload = _compact(document)
    if len(payload) >= PAYLOAD_LIMIT:
        cut = {"key": incident.key[:TEXT_CUT], "finding": incident.finding[:TEXT_CUT]}
        payload = _compact(document | cut | {"truncated": True})
    return payload


def _compact(document: dict[str, Any]) -> str:
    """JSON in ASCII: as many bytes as characters."""
    return json.dumps(document, separators=(",", ":"))
