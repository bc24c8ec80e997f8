"""NOTIFY at commit: listeners learn what was loaded without asking."""

import json
from typing import Any

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection

#: The server takes payloads below this, in bytes.
PAYLOAD_LIMIT = 8000


def ingested(conn: Connection, document: dict[str, Any]) -> None:
    """Send `document` on `giddyup_ingest`; its `days` are left out when it would be too long."""
    payload = json.dumps(document, separators=(",", ":"))
    if len(payload.encode()) >= PAYLOAD_LIMIT:
        payload = json.dumps(document | {"days": [], "truncated": True}, separators=(",", ":"))
    connection.fetch_value(conn, "notify_ingest", {"payload": payload})
