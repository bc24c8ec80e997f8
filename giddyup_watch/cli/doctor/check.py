"""How a check is written: a decorated function, its title the first line of its docstring."""

from collections.abc import Callable, Iterator
from typing import Generic, Literal, NamedTuple, ParamSpec

P = ParamSpec("P")

State = Literal["OK", "WARN", "FAIL"]


class Finding(NamedTuple):
    """What a check found; `advice` says what to do about a WARN or FAIL."""

    state: State
    text: str
    advice: str = ""


def ok(text: str) -> Finding:
    return Finding("OK", text)


def warn(text: str, advice: str) -> Finding:
    return Finding("WARN", text, advice)


def fail(text: str, advice: str) -> Finding:
    return Finding("FAIL", text, advice)


class Checks(Generic[P]):
    """Decorates and keeps the checks of a module, in the order they stand there."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[P, Finding]] = {}

    def __call__(self, check: Callable[P, Finding]) -> Callable[P, Finding]:
        title = (check.__doc__ or check.__name__).splitlines()[0].rstrip(".").lower()
        self._checks[title] = check
        return check

    def __iter__(self) -> Iterator[tuple[str, Callable[P, Finding]]]:
        return iter(self._checks.items())
