"""What stands between this daemon and its work, for /readyz, metrics and whoever asks."""

from collections.abc import Mapping
from typing import Literal, get_args

from giddyup_watch.metrics import Metrics

Condition = Literal["database", "tree", "migrations", "adoption"]

NOT_CHECKED = "not checked yet"


class Board:
    """One line for each condition: what is wrong, or nothing. Written and read by any thread."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._problems: dict[Condition, str] = dict.fromkeys(get_args(Condition), NOT_CHECKED)

    def set(self, condition: Condition, problem: str = "") -> bool:
        """Say how it is now; True when that is news."""
        news = self._problems[condition] != problem
        self._problems[condition] = problem
        self._metrics.set("ready", not problem, condition=condition)
        return news

    def problem(self, condition: Condition) -> str:
        return self._problems[condition]

    @property
    def problems(self) -> Mapping[str, str]:
        return {str(condition): problem for condition, problem in self._problems.items()}
