"""One line of the table for each thing measured, and the table as Markdown and as JSON."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Of = Literal["median", "p95", "ratio"]
SECONDS = {"s": 1.0, "ms": 0.001}
#: From so many samples on, a 95th percentile says something.
ENOUGH_FOR_P95 = 20


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured; `against` names the line that its median is divided by."""

    name: str
    what: str
    unit: str
    samples: Sequence[float]
    against: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def p95(self) -> float | None:
        if len(self.samples) < ENOUGH_FOR_P95:
            return None
        return statistics.quantiles(self.samples, n=20, method="inclusive")[-1]


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure of a line must be: at most, or else at least, so much."""

    of: Of
    most: float | None = None
    least: float | None = None

    def holds(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (
            self.least is None or value >= self.least
        )

    def __str__(self) -> str:
        sign, number = ("≤", self.most) if self.most is not None else ("≥", self.least)
        return f"{self.of} {sign} {number:g}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A line with what it is compared with, and whether it is as it must be."""

    line: Line
    base: Line | None
    bounds: Sequence[Bound]

    @property
    def ratio(self) -> float | None:
        if self.base is None or not self.base.median:
            return None
        return _plain(self.line) / _plain(self.base)

    @property
    def kept(self) -> bool | None:
        """None: nothing is asked of it, or there is nothing to compare it with."""
        figures = [self._figure(bound.of) for bound in self.bounds]
        if not figures or None in figures:
            return None
        pairs = zip(self.bounds, figures, strict=True)
        return all(bound.holds(value) for bound, value in pairs if value is not None)

    def _figure(self, of: Of) -> float | None:
        figures = {"median": self.line.median, "p95": self.line.p95, "ratio": self.ratio}
        return figures[of]

    def document(self) -> dict[str, Any]:
        return asdict(self.line) | {
            "median": self.line.median,
            "p95": self.line.p95,
            "ratio": self.ratio,
            "bounds": [asdict(bound) for bound in self.bounds],
            "kept": self.kept,
        }


def judge(lines: Iterable[Line], bounds: Mapping[str, Sequence[Bound]]) -> list[Judged]:
    known = {line.name: line for line in lines}
    return [
        Judged(line, known.get(line.against), bounds.get(line.name, ())) for line in known.values()
    ]


def table(judged: Iterable[Judged]) -> Iterator[str]:
    """The lines in Markdown."""
    yield "| what | | median | p95 | ÷ | ratio | must be | |"
    yield "|---|---|--:|--:|---|--:|---|---|"
    for one in judged:
        line = one.line
        cells = [
            line.what,
            line.name,
            f"{_number(line.median)} {line.unit}",
            _number(line.p95),
            line.against,
            _number(one.ratio),
            ", ".join(f"{bound}{_unit(bound, line)}" for bound in one.bounds),
            {True: "kept", False: "NOT KEPT", None: ""}[one.kept],
        ]
        yield f"| {' | '.join(cells)} |"


def _unit(bound: Bound, line: Line) -> str:
    return "" if bound.of == "ratio" else f" {line.unit}"


def _plain(line: Line) -> float:
    """The median in seconds, where it is a time."""
    return line.median * SECONDS.get(line.unit, 1.0)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    decimals = 0 if value == int(value) or abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{decimals}f}"
