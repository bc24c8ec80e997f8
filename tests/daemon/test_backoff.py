from giddyup_watch.daemon.backoff import FACTOR, FIRST, JITTER, LAST, Backoff


def test_waits_grow_to_a_limit_and_vary() -> None:
    backoff = Backoff()
    expected = FIRST
    for _ in range(20):
        assert expected * (1 - JITTER) <= backoff.wait() <= expected * (1 + JITTER)
        expected = min(expected * FACTOR, LAST)
    assert expected == LAST
    assert len({backoff.wait() for _ in range(5)}) > 1


def test_begins_again_after_a_success() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.wait()
    backoff.reset()
    assert backoff.wait() <= FIRST * (1 + JITTER)
