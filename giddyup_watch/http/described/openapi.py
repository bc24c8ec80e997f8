"""The OpenAPI document: errors in their own form, and who may ask."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from giddyup_watch.http.described import examples
from giddyup_watch.http.operations.answers import Problem
from giddyup_watch.http.problems import MEDIA_TYPE

SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"api_key": []}]
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_PROBLEM = "#/components/schemas/Problem"

_MEANINGS = {
    400: "not HTTP, or not JSON",
    401: "a token is missing or wrong",
    403: "no token is set, or another site's page asks",
    404: "there is none",
    408: "the body did not come in time",
    409: "somebody else is loading (`holder`), or loading is paused",
    413: "the body is too large",
    421: "the daemon follows another tree or database than the command that asks",
    422: "every mistake of the request in `errors`",
    429: "too many requests; Retry-After",
    503: "not now: the database, the tree or the daemon is not ready; Retry-After",
}

_RETRY_AFTER = {
    "Retry-After": {
        "description": "seconds",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
_CHALLENGE = {
    "WWW-Authenticate": {"description": "RFC 6750", "required": True, "schema": {"type": "string"}}
}
_HEADERS: Mapping[int, dict[str, Any]] = {401: _CHALLENGE, 429: _RETRY_AFTER, 503: _RETRY_AFTER}

#: FastAPI's form of a 422, which nobody gets.
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")

#: Where to go on with what an answer names: operation, its parameter, where that stands.
_LINKS: Mapping[str, tuple[str, str, str]] = {
    "ingest_run": ("ingest_run_detail", "run_id", "$response.body#/run_id"),
    "ingest_backfill": ("ingest_run_detail", "run_id", "$response.body#/run_id"),
    "ingest_runs": ("ingest_run_detail", "run_id", "$response.body#/runs/0/run_id"),
    "gaps_open": ("gap_ack", "gap_id", "$response.body#/gaps/0/gap_id"),
}

_DESCRIPTION = """\
Drives and tells of the daemon. Every error is `application/problem+json` with a `hint`.

On TCP every request that changes something needs the token of `http.token`, as `Authorization:
Bearer` or `X-API-Key`; reading without one needs a listener on loopback that is called by its own
name. On the unix socket root and the daemon's user need no token.
"""


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """How a route documents its errors."""
    return {code: _problem(code) for code in sorted(codes)}


def _problem(code: int) -> dict[str, Any]:
    example = examples.PROBLEMS[code].document()
    told: dict[str, Any] = {
        "description": f"{HTTPStatus(code).phrase}: {_MEANINGS[code]}",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _PROBLEM}, "example": example}},
    }
    if code in _HEADERS:
        told["headers"] = _HEADERS[code]
    return told


def add(app: FastAPI) -> None:
    """Serve the document at /openapi.json."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    def answer() -> JSONResponse:
        return JSONResponse(document())

    app.openapi = document  # type: ignore[method-assign]  # how FastAPI wants it done
    app.add_api_route("/openapi.json", answer, methods=["GET"], include_in_schema=False)


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes
    )
    schemas = made["components"]["schemas"]
    own: Mapping[str, Any] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(own.get("$defs", {}))
    schemas["Problem"] = {name: value for name, value in own.items() if name != "$defs"}
    made["components"]["securitySchemes"] = _SCHEMES
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)
    for item in made["paths"].values():
        for operation in item.values():
            _exemplify(operation)
    return made


def _exemplify(operation: dict[str, Any]) -> None:
    """Show what a good answer looks like, and where it leads."""
    name, answers = operation["operationId"], operation["responses"]
    if MEDIA_TYPE not in answers.get("422", {"content": MEDIA_TYPE})["content"]:
        del answers["422"]  # made up for the header of the commands, which takes any text
    good = next(told for code, told in answers.items() if code.startswith("2"))
    good["content"]["application/json"]["example"] = examples.ANSWERS[name]
    if name in _LINKS:
        target, parameter, place = _LINKS[name]
        good["links"] = {target: {"operationId": target, "parameters": {parameter: place}}}
