"""What the figures must be. At full size seconds count too; in CI, on a busy machine, ratios do."""

from collections.abc import Mapping, Sequence

from bench.lines import Bound, Of


def _most(number: float, of: Of = "median") -> Bound:
    return Bound(of, most=number)


def _least(number: float, of: Of = "median") -> Bound:
    return Bound(of, least=number)


FULL: Mapping[str, Sequence[Bound]] = {
    "backfill": [_most(1.5, "ratio")],
    "straight": [_least(5, "ratio")],
    "last_months": [_most(1.2, "ratio")],
    "backfill_memory": [_most(400)],
    "month": [_most(300)],
    "day": [_most(150), _most(400, "p95")],
    "day_derived": [_most(150), _most(400, "p95")],
    "refresh": [_least(50, "ratio")],
    "touched": [_most(2)],
    "touched_rows": [_most(0)],
    "gaps": [_most(50)],
    "read": [_most(10)],
    "read_loading": [_most(60)],
    "verify": [_most(30)],
    "daemon_memory": [_most(150)],
    "day_memory": [_most(150)],
    "idle": [_most(0.5)],
}

SMALL: Mapping[str, Sequence[Bound]] = {
    "backfill_typed": [_most(3, "ratio")],
    "straight": [_least(0.5, "ratio")],
    "last_months": [_most(2, "ratio")],
    "month": [_most(3, "ratio")],
    "day": [_most(0.5, "ratio")],
    "day_derived": [_most(4, "ratio")],
    "touched": [_most(0.5, "ratio")],
    "touched_rows": [_most(0)],
    "verify_full": [_most(3, "ratio")],
    "verify": [_most(3, "ratio")],
    "read_loading": [_most(20, "ratio")],
    "backfill_memory": [_most(400)],
    "daemon_memory": [_most(150)],
    "day_memory": [_most(150)],
    "idle": [_most(2)],
}
