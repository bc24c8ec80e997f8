"""What the fuzzer cannot know of the API from its document."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: "schemathesis.Case[Any]", kwargs: Any
) -> None:
    """Put days and months in order: JSON Schema has no words for a first not after the last."""
    body: Any = case.body
    span = body.get("range") if isinstance(body, dict) else None
    if isinstance(span, dict) and set(span) == {"from", "to"}:
        days: list[Any] = list(span.values())
        if all(isinstance(day, str) for day in days):
            body["range"] = dict(zip(("from", "to"), sorted(days), strict=True))
    if isinstance(body, dict) and {"from_month", "to_month"} <= body.keys():
        months: list[Any] = [body["from_month"], body["to_month"]]
        if all(isinstance(month, str) for month in months):
            body["from_month"], body["to_month"] = sorted(months)
