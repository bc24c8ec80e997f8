"""LISTEN: what other sessions loaded, by the documents that they send at commit."""

import json
from typing import Any

from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection


def listen(conn: Connection) -> None:
    """Hear of ingests from now on, whoever's."""
    connection.execute(conn, "listen_ingest")


def heard(conn: Connection) -> list[dict[str, Any]]:
    """Return the documents that came since the last time, without asking the server.

    Anybody can send on the channel: what is no document of ours is left out.
    Raises DatabaseUnavailableError when the session has ended.
    """
    with connection.translated():
        payloads = [notice.payload for notice in conn.notifies(timeout=0)]
    return [document for text in payloads if (document := _document(text)) is not None]


def _document(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
