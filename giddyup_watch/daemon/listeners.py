"""The listeners: each with an app of its own, which knows how far to trust who comes by it."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from giddyup_watch.daemon.heartbeat import Heartbeat
from giddyup_watch.daemon.web import Web
from giddyup_watch.http import app, server
from giddyup_watch.http.desk import Deed
from giddyup_watch.http.server import Server
from giddyup_watch.http.trust import Listener
from giddyup_watch.logs import Event
from giddyup_watch.settings.schema import Http

log = structlog.get_logger(__name__)


def make(
    failed: threading.Event,
    http: Http,
    site: app.Site,
    heartbeat: Callable[[], Heartbeat],
    path: Path | None,
) -> list[Web]:
    """The main listener, one for the metrics alone where it is named, and the socket at `path`."""
    main = Listener("tcp", local=http.address.is_loopback)
    alone = http.metrics_address
    served = app.create(site, main, with_metrics=alone is None)
    # In this order: who cannot listen has no heartbeat that could stop.
    made = [Web(failed, lambda: Server(served, server.listen(*http.address), heartbeat().beat))]
    if alone is not None:
        metrics = app.create_metrics_only(site.metrics)
        made.append(Web(failed, lambda: Server(metrics, server.listen(*alone), heartbeat().beat)))
    if path is not None:
        users = frozenset({0, os.geteuid()})
        local = app.create(site, Listener(str(path), local=True, socket=True, uids=users))
        made.append(
            Web(
                failed,
                lambda: Server(local, server.listen_locally(path), heartbeat().beat, path),
                needed=False,
            )
        )
    return made


def note(deed: Deed) -> None:
    """Say who changed something, or tried to."""
    said = {"who": deed.who, "where": deed.where, "what": deed.what, "status": deed.status}
    if deed.status < 400:
        log.info(Event.ADMIN_REQUEST, **said, body=deed.body)
    else:
        log.warning(Event.ADMIN_REFUSED, **said, body=deed.body)
