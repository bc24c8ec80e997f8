"""How an endpoint is added: its method, the errors it documents, who may ask."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from fastapi.datastructures import Default
from pydantic import BaseModel

from giddyup_watch.http.described import openapi


def post(
    router: APIRouter, path: str, endpoint: Callable[..., Any], *codes: int, status: int = 200
) -> None:
    """One that changes something; `codes` are its own errors."""
    router.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        status_code=status,
        responses=openapi.problems(400, 401, 403, 408, 413, 421, 429, 503, *codes),
        operation_id=endpoint.__name__,
        summary=_summary(endpoint),
        openapi_extra={"security": openapi.SECURITY},
    )


def json(document: bytes) -> Response:
    """An answer that is JSON already."""
    return Response(document, media_type="application/json")


def get(
    router: APIRouter,
    path: str,
    endpoint: Callable[..., Any],
    *codes: int,
    model: type[BaseModel] | None = None,
) -> None:
    """One that only reads; `model` is what it answers when it makes the JSON itself."""
    router.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        response_model=Default(None) if model is None else model,
        responses=openapi.problems(401, 403, 421, 429, 503, *codes),
        operation_id=endpoint.__name__,
        summary=_summary(endpoint),
        openapi_extra={"security": [*openapi.SECURITY, {}]},
    )


def _summary(endpoint: Callable[..., Any]) -> str:
    assert endpoint.__doc__  # noqa: S101  it is the description of the operation
    return endpoint.__doc__.strip().partition("\n")[0].rstrip(".")
