import pytest
from hypothesis import given
from hypothesis import strategies as st

from giddyup_watch.daemon.state.pending import FAIR_TURN, Pending
from giddyup_watch.model import SegmentKey

QUIET, DEADLINE = 0.5, 5.0
JAN = SegmentKey("gb", "flat", "2024-01")
FEB = SegmentKey("gb", "flat", "2024-02")
MAR = SegmentKey("gb", "flat", "2024-03")
KEYS = (JAN, FEB, MAR, SegmentKey("ire", "jumps", "2023-12"))


@pytest.fixture
def pending() -> Pending:
    return Pending(quiet=QUIET, deadline=DEADLINE)


def test_waits_for_quiet(pending: Pending) -> None:
    pending.note(JAN, "watch", 10.0)
    pending.note(JAN, "watch", 10.4)
    assert pending.take(10.8) is None
    assert pending.take(10.9) == JAN


def test_steady_writes_delay_it_only_to_the_deadline(pending: Pending) -> None:
    for tenth in range(50):
        assert pending.take(10 + tenth / 10) is None
        pending.note(JAN, "watch", 10 + tenth / 10)
    assert pending.take(15.0) == JAN


def test_many_notes_are_one_delivery(pending: Pending) -> None:
    assert pending.note(JAN, "watch", 1.0)
    assert not pending.note(JAN, "rescan", 1.1)
    assert pending.depth == 1
    assert pending.take(9.0) == JAN
    pending.done(JAN)
    assert pending.take(99.0) is None
    assert pending.depth == 0


def test_the_newest_month_goes_first(pending: Pending) -> None:
    for key in (FEB, JAN, MAR):
        pending.note(key, "startup", 1.0)
    assert [pending.take(1.0) for _ in range(3)] == [MAR, FEB, JAN]


def test_startup_notes_need_no_quiet(pending: Pending) -> None:
    pending.note(JAN, "startup", 1.0)
    assert pending.take(1.0) == JAN


def test_a_write_after_a_startup_note_needs_quiet_again(pending: Pending) -> None:
    pending.note(JAN, "startup", 1.0)
    pending.note(JAN, "watch", 1.0)
    assert pending.take(1.1) is None
    assert pending.take(1.5) == JAN


def test_noted_while_in_hand_it_is_delivered_again_afterwards(pending: Pending) -> None:
    pending.note(JAN, "watch", 1.0)
    assert pending.take(2.0) == JAN
    pending.note(JAN, "watch", 2.1)
    assert pending.take(9.0) is None  # still in hand
    assert pending.depth == 1
    pending.done(JAN)
    assert pending.take(9.0) == JAN


def test_a_run_has_one_source(pending: Pending) -> None:
    pending.note(JAN, "startup", 1.0)
    pending.note(MAR, "watch", 1.0)
    assert pending.next_source(2.0) == "watch"
    assert pending.take(2.0, "watch") == MAR
    assert pending.take(2.0, "watch") is None
    assert pending.next_source(2.0) == "startup"
    assert pending.take(2.0, "startup") == JAN
    assert pending.next_source(2.0) is None


def test_a_retry_comes_at_its_time_and_keeps_its_age(pending: Pending) -> None:
    pending.note(JAN, "watch", 1.0)
    pending.take(2.0)
    pending.retry_at(JAN, 60.0)
    assert pending.take(59.9) is None
    assert pending.next_due(3.0) == 60.0
    assert pending.oldest() == 1.0
    assert pending.take(60.0) == JAN


def test_a_note_makes_a_retry_ready_earlier(pending: Pending) -> None:
    pending.note(JAN, "watch", 1.0)
    pending.take(2.0)
    pending.retry_at(JAN, 60.0)
    pending.note(JAN, "watch", 10.0)
    assert pending.take(10.5) == JAN


def test_what_was_noted_meanwhile_is_not_put_off_by_a_retry(pending: Pending) -> None:
    pending.note(JAN, "watch", 1.0)
    pending.take(2.0)
    pending.note(JAN, "watch", 2.5)
    pending.retry_at(JAN, 60.0)
    assert pending.take(3.0) == JAN


def test_a_retry_of_what_is_not_in_hand_is_nothing(pending: Pending) -> None:
    pending.retry_at(JAN, 1.0)
    assert pending.depth == 0


def test_what_was_in_hand_can_be_put_back(pending: Pending) -> None:
    pending.note(JAN, "startup", 1.0)
    pending.note(FEB, "startup", 1.0)
    pending.take(1.0)
    pending.put_back(4.0)
    assert pending.depth == 2
    assert pending.oldest() == 1.0
    assert [pending.take(4.0), pending.take(4.0)] == [FEB, JAN]


def test_when_something_is_due(pending: Pending) -> None:
    assert pending.next_due(1.0) is None
    pending.note(JAN, "watch", 1.0)
    assert pending.next_due(1.1) == 1.5
    assert pending.next_due(7.0) == 7.0
    pending.take(7.0)
    pending.note(JAN, "watch", 7.0)
    assert pending.next_due(9.0) is None  # in hand: whoever has it will say when it is done


def test_new_times_apply_to_what_is_waiting(pending: Pending) -> None:
    pending.note(JAN, "watch", 1.0)
    pending.tune(quiet=0.1, deadline=1.0)
    assert pending.take(1.1) == JAN


NOTES = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(KEYS), st.sampled_from(["watch", "rescan"])),
    max_size=60,
)


@given(NOTES)
def test_each_burst_is_delivered_once_within_its_deadline(
    notes: list[tuple[int, SegmentKey, str]],
) -> None:
    """A worker that is always free sees each segment within the deadline of its first note."""
    pending = Pending(quiet=QUIET, deadline=DEADLINE)
    first: dict[SegmentKey, float] = {}
    by_time: dict[int, list[tuple[SegmentKey, str]]] = {}
    for tenth, key, source in notes:
        by_time.setdefault(tenth, []).append((key, source))
    delivered = 0
    for tenth in range(300):
        now = tenth / 10
        for key, source in by_time.get(tenth, []):
            assert pending.note(key, source, now) == (key not in first)  # type: ignore[arg-type]
            first.setdefault(key, now)
        while (taken := pending.take(now)) is not None:
            pending.done(taken)
            assert now - first.pop(taken) <= DEADLINE + 0.1
            delivered += 1
    assert not first
    assert pending.depth == 0
    assert delivered <= len(notes)
    assert (delivered > 0) == bool(notes)


@given(st.lists(st.sampled_from(KEYS[:3]), min_size=60, max_size=60))
def test_newer_months_that_never_rest_do_not_starve_an_old_one(busy: list[SegmentKey]) -> None:
    """A worker too slow for what changes still comes to every segment."""
    pending = Pending(quiet=0.0, deadline=DEADLINE)
    old = KEYS[3]
    pending.note(old, "watch", 0.0)
    order = []
    for step, key in enumerate(busy):
        for again in (*KEYS[:3], key):
            pending.note(again, "watch", float(step))
        taken = pending.take(float(step))
        assert taken is not None
        pending.done(taken)
        order.append(taken)
    assert old in order[: FAIR_TURN * len(KEYS)]
    assert set(order) == set(KEYS)


def test_ages_of_what_waits_and_of_what_is_in_hand() -> None:
    pending = Pending(quiet=1, deadline=5)
    first, second = (SegmentKey("gb", "flat", month) for month in ("2024-05", "2024-06"))
    pending.note(first, "watch", 10)
    pending.note(second, "watch", 11)
    assert pending.take(20) == second
    pending.note(second, "watch", 21)
    assert pending.ages(22) == {first: 12, second: 11}
