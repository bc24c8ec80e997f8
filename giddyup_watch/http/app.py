"""What the daemon answers over HTTP: metrics, and whether it is alive and ready."""

import time
from collections.abc import Callable, Iterable, Mapping

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from giddyup_watch import metrics as table
from giddyup_watch.metrics import Metrics

OK, UNAVAILABLE = 200, 503


def create(
    metrics: Metrics,
    *,
    stalls: Callable[[], Iterable[object]],
    problems: Callable[[], Mapping[str, str]],
    with_metrics: bool = True,
) -> FastAPI:
    """Make the app of the main listener, without the metrics when these have their own."""
    app = _bare(metrics)
    if with_metrics:
        _add_metrics(app, metrics)

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
    return app


def create_metrics_only(metrics: Metrics) -> FastAPI:
    """Make the app of a listener that is there for the metrics alone."""
    app = _bare(metrics)
    _add_metrics(app, metrics)
    return app


def _bare(metrics: Metrics) -> FastAPI:
    app = FastAPI(title="giddyup-watch", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(_Counting, metrics=metrics)
    return app


def _add_metrics(app: FastAPI, metrics: Metrics) -> None:
    async def exposition() -> Response:
        return Response(metrics.render(), media_type=table.CONTENT_TYPE)

    _add(app, "/metrics", exposition)


def _add(app: FastAPI, path: str, endpoint: Callable[..., object]) -> None:
    app.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_class=Response)


def _answer(good: bool, document: Mapping[str, object]) -> JSONResponse:
    return JSONResponse(document, status_code=OK if good else UNAVAILABLE)


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
        handler = _known(scope["path"], table.HANDLERS)
        try:
            await self._app(scope, receive, counted)
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
