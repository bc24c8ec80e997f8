"""Errors as the API tells them: `application/problem+json` with a hint what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from giddyup_watch.errors import (
    ConfigError,
    GiddyupError,
    LockBusyError,
    NotServingError,
    PausedError,
    PermissionDeniedError,
    TransientError,
    TreeMissingError,
)

MEDIA_TYPE = "application/problem+json"
#: Seconds after which something that passes by itself is worth another try.
RETRY_SECONDS = 5

_HINTS = {
    400: "send JSON, in UTF-8",
    404: "GET /openapi.json lists what there is",
    405: "the Allow header names the methods",
    421: "name the same tree and database as its settings do",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer of RFC 9457. `kind` is its type: `about:blank` where the status says it all."""

    status: int
    detail: str
    hint: str = ""
    kind: str = "about:blank"
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {
            "type": self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            **self.more,
        }

    def response(self) -> Response:
        return JSONResponse(self.document(), self.status, self.headers, MEDIA_TYPE)


class ProblemError(Exception):
    """Raised where an endpoint knows better than `of` what an error is."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def retry_later(detail: str, hint: str, kind: str) -> Problem:
    return Problem(503, detail, hint, kind, headers={"Retry-After": str(RETRY_SECONDS)})


def of(error: GiddyupError) -> Problem:
    """What an error of ours is over HTTP: who asked can do nothing about 503 but wait."""
    message, hint = error.message, error.hint
    if isinstance(error, LockBusyError):
        return Problem(409, message, hint, "busy", {"holder": error.holder})
    if isinstance(error, PausedError):
        return Problem(409, message, hint, "paused")
    if isinstance(error, NotServingError):
        return retry_later(message, hint, error.kind)
    if isinstance(error, TreeMissingError):
        return retry_later(message, hint, "tree")
    if isinstance(error, TransientError):
        return retry_later(message, hint or "try again in a few seconds", "database")
    if isinstance(error, ConfigError | PermissionDeniedError):
        return retry_later(message, hint or "giddyup-watch doctor", "not-ready")
    return Problem(500, message, hint or "this is a bug; the log has its trace")


def mistakes(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Everything that is wrong with a request, each with its place."""
    found = [
        {"place": ".".join(str(part) for part in error["loc"]), "mistake": error["msg"]}
        for error in errors
    ]
    named = "; ".join(f"{one['place']}: {one['mistake']}" for one in found[:3])
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    hint = "GET /openapi.json has the form and examples"
    return Problem(422, named + more, hint, more={"errors": found})


def install(app: FastAPI) -> None:
    """Let every error of the app be told this way."""

    def ours(_request: Request, error: Exception) -> Response:
        assert isinstance(error, GiddyupError)  # noqa: S101  registered for it
        return of(error).response()

    def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it
        return mistakes(error.errors()).response()

    def plain(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  registered for it
        hint = _HINTS.get(error.status_code, "")
        headers = error.headers or {}
        return Problem(error.status_code, str(error.detail), hint, headers=headers).response()

    def known(_request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101  registered for it
        return error.problem.response()

    def bug(_request: Request, error: Exception) -> Response:
        hint = "this is a bug; the log has its trace"
        return Problem(500, type(error).__name__, hint, "bug").response()

    app.add_exception_handler(Exception, bug)
    app.add_exception_handler(ProblemError, known)
    app.add_exception_handler(GiddyupError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
