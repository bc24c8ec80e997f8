"""What the daemon answers over HTTP: metrics, whether it is alive and ready, and the API."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from giddyup_watch import __version__
from giddyup_watch import metrics as table
from giddyup_watch.http import problems as telling
from giddyup_watch.http.access.gate import Gate, Limits
from giddyup_watch.http.access.trust import Gatekeeper, Listener
from giddyup_watch.http.listening.protocol import CROWDED
from giddyup_watch.http.operations import api, forms
from giddyup_watch.http.operations.days import Days
from giddyup_watch.http.operations.desk import Desk
from giddyup_watch.http.page.endpoints import Page
from giddyup_watch.metrics import Metrics

OK, UNAVAILABLE = 200, 503


@dataclass(frozen=True, slots=True)
class Site:
    """What every listener answers from."""

    metrics: Metrics
    stalls: Callable[[], Iterable[object]]
    problems: Callable[[], Mapping[str, str]]
    desk: Desk
    folders: forms.Folders
    token: str = ""
    limits: Limits = field(default_factory=Limits)
    days: Days = field(init=False)  # one for all listeners, as are the page and its routes
    page: Page = field(init=False)
    _apps: dict[bool, FastAPI] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "days", Days(self.desk))
        object.__setattr__(self, "page", Page(self.desk, self.days, self.stalls))

    def app(self, *, with_metrics: bool) -> FastAPI:
        """What answers whoever was let in: made once, for it takes 30 ms."""
        if with_metrics not in self._apps:
            self._apps[with_metrics] = app = _bare()
            if with_metrics:
                _add_metrics(app, self.metrics)
            _add_health(app, self.stalls, self.problems)
            api.add(app, self.desk, self.days, self.folders)
            self.page.add(app)
        return self._apps[with_metrics]


def create(site: Site, listener: Listener, *, with_metrics: bool = True) -> ASGIApp:
    """Make the app of one listener, without the metrics when these have their own."""
    app = site.app(with_metrics=with_metrics)
    keeper = Gatekeeper(listener, site.token)
    gate = Gate(app, name=listener.name, keeper=keeper, limits=site.limits, log=site.desk.log)
    return _Counting(gate, site.metrics)


def create_metrics_only(metrics: Metrics) -> ASGIApp:
    """Make the app of a listener that is there for the metrics alone."""
    app = _bare()
    _add_metrics(app, metrics)
    return _Counting(app, metrics)


def document(folders: forms.Folders, desk: Desk) -> dict[str, Any]:
    """The OpenAPI document."""
    app = _bare()
    api.add(app, desk, Days(desk), folders)
    return app.openapi()


def _add_health(
    app: FastAPI,
    stalls: Callable[[], Iterable[object]],
    problems: Callable[[], Mapping[str, str]],
) -> None:

    async def healthz() -> JSONResponse:
        """Every loop made progress within its limit."""
        found = [str(stall) for stall in stalls()]
        status = "stalled" if found else "ok"
        return _answer(not found, {"status": status, "stalled": found})

    async def readyz() -> JSONResponse:
        """Nothing stands between the daemon and its work; else, what does."""
        found = problems()
        checks = {name: {"ok": not why, "problem": why} for name, why in found.items()}
        ready = not any(found.values())
        return _answer(ready, {"status": "ready" if ready else "not ready", "checks": checks})

    _add(app, "/healthz", healthz)
    _add(app, "/readyz", readyz)


def _bare() -> FastAPI:
    app = FastAPI(
        title="giddyup-watch",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    telling.install(app)
    return app


def _add_metrics(app: FastAPI, metrics: Metrics) -> None:
    async def exposition() -> Response:
        return Response(metrics.render(), media_type=table.CONTENT_TYPE)

    _add(app, "/metrics", exposition)


def _add(app: FastAPI, path: str, endpoint: Callable[..., object]) -> None:
    app.add_api_route(
        path, endpoint, methods=["GET", "HEAD"], response_class=Response, include_in_schema=False
    )


def _answer(good: bool, document: Mapping[str, object]) -> JSONResponse:
    return JSONResponse(document, status_code=OK if good else UNAVAILABLE)


#: Paths as the metrics name them, with `{…}` for what varies.
_HANDLERS = tuple(
    (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(handler))), handler)
    for handler in table.HANDLERS
)


def _handler(path: str) -> str:
    return next((name for form, name in _HANDLERS if form.fullmatch(path)), "other")


class _Counting:
    """Counts requests by labels from closed sets: whatever else is asked for is `other`."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        code = "500"  # unless an answer begins

        async def counted(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = str(message["status"])
            await send(message)

        started = time.monotonic()
        handler = _handler(scope["path"])
        try:
            app = CROWDED.response() if scope["state"].get("crowded") else self._app
            await app(scope, receive, counted)
        finally:
            self._metrics.observe(
                "http_request_duration_seconds", time.monotonic() - started, handler=handler
            )
            self._metrics.inc(
                "http_requests_total",
                method=_known(scope["method"], table.METHODS),
                handler=handler,
                code=_known(code, table.STATUS_CODES),
            )


def _known(value: str, names: Iterable[str]) -> str:
    return value if value in names else "other"
