"""The listeners: each with an app of its own, which knows how far to trust who comes by it."""

import os
from pathlib import Path

import structlog

from giddyup_watch.http import app
from giddyup_watch.http.access.trust import Listener
from giddyup_watch.http.listening.server import Door
from giddyup_watch.http.operations.desk import Deed
from giddyup_watch.logs import Event
from giddyup_watch.settings.schema import Http

log = structlog.get_logger(__name__)


def make(http: Http, site: app.Site, path: Path | None) -> list[Door]:
    """The main listener, one for the metrics alone where it is named, and the socket at `path`."""
    main = Listener("tcp", local=http.address.is_loopback)
    alone = http.metrics_address
    made = [Door(app.create(site, main, with_metrics=alone is None), http.address)]
    if alone is not None:
        made.append(Door(app.create_metrics_only(site.metrics), alone))
    if path is not None:
        users = frozenset({0, os.geteuid()})
        local = Listener(str(path), local=True, socket=True, uids=users)
        made.append(Door(app.create(site, local), path, needed=False))
    return made


def note(deed: Deed) -> None:
    """Say who changed something, or tried to."""
    said = {"who": deed.who, "where": deed.where, "what": deed.what, "status": deed.status}
    if deed.status < 400:
        log.info(Event.ADMIN_REQUEST, **said, body=deed.body)
    else:
        log.warning(Event.ADMIN_REFUSED, **said, body=deed.body)
