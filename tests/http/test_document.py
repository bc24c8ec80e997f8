"""The OpenAPI document says everything about every operation, and shows it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

DOCUMENT: Any = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
OPERATIONS: list[tuple[str, str, Any]] = [
    (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
PROBLEM = "application/problem+json"

by_operation = pytest.mark.parametrize(
    ("path", "method", "operation"), OPERATIONS, ids=[one[2]["operationId"] for one in OPERATIONS]
)


def validate(instance: object, schema: Any) -> None:
    whole = schema | {"components": DOCUMENT["components"]}
    jsonschema.validate(
        instance, whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def answers(operation: Any) -> Iterator[tuple[str, str, Any]]:
    for code, answer in operation["responses"].items():
        ((media, content),) = answer["content"].items()
        yield code, media, content


@by_operation
def test_every_operation_is_described(path: str, method: str, operation: Any) -> None:
    assert len(operation["summary"]) > 10
    assert operation["summary"][0].isupper()
    assert operation["description"]
    schemes = {name for one in operation["security"] for name in one}
    assert schemes == set(DOCUMENT["components"]["securitySchemes"])
    assert ({} in operation["security"]) == (method == "get")


@by_operation
def test_every_status_is_described_and_shown(path: str, method: str, operation: Any) -> None:
    codes = {code for code, _, _ in answers(operation)}
    assert {"401", "403", "429", "503"} <= codes
    assert {"400", "408", "413"} <= codes or method == "get"
    for code, media, content in answers(operation):
        assert operation["responses"][code]["description"]
        assert (media == PROBLEM) == (code[0] != "2")
        validate(content["example"], content["schema"])
        if media == PROBLEM:
            assert content["example"]["status"] == int(code)
            assert content["example"]["hint"]


@by_operation
def test_every_body_is_shown(path: str, method: str, operation: Any) -> None:
    if "requestBody" not in operation:
        assert method == "get" or operation["operationId"] in (
            "ingest_cancel", "ingest_resume", "rescan", "reload",
        )  # fmt: skip
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    (name,) = (
        one["$ref"].rpartition("/")[2] for one in schema.get("anyOf", [schema]) if "$ref" in one
    )
    examples = DOCUMENT["components"]["schemas"][name]["examples"]
    assert examples
    for example in examples:
        validate(example, schema)


def test_who_has_to_wait_is_told_how_long() -> None:
    for _, _, operation in OPERATIONS:
        for code in ("429", "503"):
            assert operation["responses"][code]["headers"]["Retry-After"]["required"]


def test_links_lead_to_operations_that_are_there() -> None:
    names = {operation["operationId"] for _, _, operation in OPERATIONS}
    links = [
        (link["operationId"], link["parameters"], content["example"])
        for _, _, operation in OPERATIONS
        for code, _, content in answers(operation)
        for link in operation["responses"][code].get("links", {}).values()
    ]
    assert len(links) > 3
    for target, parameters, example in links:
        assert target in names
        for place in parameters.values():
            found = example
            for step in place.removeprefix("$response.body#/").split("/"):
                found = found[int(step) if step.isdigit() else step]
            assert isinstance(found, int)


@by_operation
def test_every_number_that_is_asked_with_has_its_bounds(
    path: str, method: str, operation: Any
) -> None:
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        for one in schema.get("anyOf", [schema]):
            if one["type"] == "integer":
                assert one["minimum"] < one["maximum"], parameter["name"]
