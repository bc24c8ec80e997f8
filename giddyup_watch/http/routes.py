"""How an endpoint is added: its method, the errors it documents, who may ask."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter

from giddyup_watch.http import openapi


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
        openapi_extra={"security": openapi.SECURITY},
    )


def get(router: APIRouter, path: str, endpoint: Callable[..., Any], *codes: int) -> None:
    router.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        responses=openapi.problems(401, 403, 421, 429, 503, *codes),
        openapi_extra={"security": [*openapi.SECURITY, {}]},
    )
