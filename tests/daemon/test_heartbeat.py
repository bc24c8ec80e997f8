from giddyup_watch.daemon.state.heartbeat import (
    CHECK_STATEMENT_TIMEOUT_MS,
    INGEST_STATEMENT_TIMEOUT_MS,
    LIMITS,
    Heartbeat,
)
from giddyup_watch.metrics import CHECKS, Metrics


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_stalls_when_a_phase_lasts_longer_than_it_may() -> None:
    clock = Clock()
    heartbeat = Heartbeat("worker", Metrics(regions=(), codes=()), clock)
    clock.now += LIMITS["idle"]
    assert heartbeat.stall() is None
    clock.now += 1
    stall = heartbeat.stall()
    assert stall is not None
    assert str(stall) == "worker made no progress in 'idle' for 31 s (limit 30 s)"


def test_a_beat_names_the_phase_and_its_limit() -> None:
    clock = Clock()
    heartbeat = Heartbeat("refresher", Metrics(regions=(), codes=()), clock)
    heartbeat.beat("views")
    clock.now += LIMITS["ingest"] * 2
    assert heartbeat.stall() is None
    heartbeat.beat("ingest")
    clock.now += LIMITS["ingest"] + 1
    assert heartbeat.stall() is not None
    heartbeat.beat()
    assert heartbeat.stall() is None


def test_what_a_phase_may_take_is_told_with_the_beat() -> None:
    metrics = Metrics(regions=(), codes=())
    Heartbeat("monitor", metrics).beat("verify")
    assert (
        f'giddyup_watch_heartbeat_limit_seconds{{component="monitor"}} {LIMITS["verify"]}'
        in metrics.render().decode()
    )


def test_the_server_gives_up_a_statement_before_the_ingest_counts_as_stalled() -> None:
    assert LIMITS["ingest"] > INGEST_STATEMENT_TIMEOUT_MS / 1000


def test_every_check_may_run_into_its_timeout_before_the_round_counts_as_stalled() -> None:
    assert LIMITS["check"] > len(CHECKS) * CHECK_STATEMENT_TIMEOUT_MS / 1000
