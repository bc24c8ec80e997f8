import threading
import time

import pytest

from giddyup_watch.daemon.service import Service
from tests.wait import wait_until

THREADS = 10
ROUNDS = 50


class Counting(Service):
    name = "counting"

    def __init__(self, failed: threading.Event) -> None:
        super().__init__(failed)
        self.inside = 0
        self.most = 0
        self.started = 0

    def run(self) -> None:
        self.inside += 1
        self.started += 1
        self.most = max(self.most, self.inside)
        while not self.stopping.is_set():
            self.rest(60)
        self.inside -= 1


class Crashing(Service):
    def __init__(self, failed: threading.Event, error: BaseException | None) -> None:
        super().__init__(failed)
        self._what = error

    def run(self) -> None:
        if self._what is not None:
            raise self._what


@pytest.fixture
def failed() -> threading.Event:
    return threading.Event()


def test_runs_between_enter_and_exit(failed: threading.Event) -> None:
    with Counting(failed) as service:
        wait_until(lambda: service.inside == 1)
        assert service.alive
    assert (service.inside, service.alive, service.error) == (0, False, None)
    assert not failed.is_set()


def test_stop_is_harmless_before_a_start_and_twice(failed: threading.Event) -> None:
    service = Counting(failed)
    service.stop()
    service.start()
    wait_until(lambda: service.inside == 1)
    service.stop()
    service.stop()
    assert service.inside == 0


def test_starts_again_after_a_stop(failed: threading.Event) -> None:
    service = Counting(failed)
    for _ in range(2):
        with service:
            wait_until(lambda: service.inside == 1)
    assert service.started == 2


def test_ten_threads_start_and_stop_it_at_once(failed: threading.Event) -> None:
    service = Counting(failed)

    def hammer() -> None:
        for _ in range(ROUNDS):
            service.start()
            service.stop()

    threads = [threading.Thread(target=hammer) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    service.stop()
    assert not any(thread.is_alive() for thread in threads)
    assert service.started >= 1
    assert service.most == 1  # never two at once
    assert service.inside == 0
    assert not failed.is_set()


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3), KeyboardInterrupt()])
def test_an_error_is_kept_and_told(failed: threading.Event, error: BaseException) -> None:
    with Crashing(failed, error) as service:
        assert failed.wait(5)
    assert service.error is error


def test_a_return_nobody_asked_for_is_a_failure(failed: threading.Event) -> None:
    with Crashing(failed, None) as service:
        assert failed.wait(5)
    assert "without being asked" in str(service.error)


def test_a_ring_ends_the_rest_and_is_not_kept_for_ever(failed: threading.Event) -> None:
    service = Counting(failed)
    service.ring()
    started = time.monotonic()
    service.rest(30)
    assert time.monotonic() - started < 5
    service.rest(0.01)
    assert not service._bell.is_set()


def test_after_a_stop_every_rest_ends_at_once(failed: threading.Event) -> None:
    service = Counting(failed)
    service.ask()
    started = time.monotonic()
    for _ in range(3):
        service.rest(30)
    assert time.monotonic() - started < 5
