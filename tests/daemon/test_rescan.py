import pytest

from giddyup_watch.daemon.watching.rescan import Census, newest_manifests
from giddyup_watch.model import FileStamp, SegmentKey, SegmentStamp
from giddyup_watch.source import tree

JAN = SegmentKey("gb", "flat", "2024-01")
FEB = SegmentKey("gb", "flat", "2024-02")


def stamp(changed: float, size: int = 1) -> SegmentStamp:
    nanoseconds = int(changed * 1e9)
    return SegmentStamp(FileStamp(1, size, nanoseconds, nanoseconds), None, None)


def test_the_first_look_finds_nothing() -> None:
    census = Census()
    assert not census.compare({JAN: stamp(1)}, {}, 10.0).untold
    assert len(census) == 1


def test_a_change_without_an_event_is_untold_and_then_missed() -> None:
    census = Census()
    census.compare({JAN: stamp(1)}, {}, 10.0)
    assert census.compare({JAN: stamp(12)}, {}, 15.0).untold == {JAN}
    found = census.compare({JAN: stamp(12)}, {}, 20.0)
    assert not found.untold
    assert found.missed == {JAN}
    assert not census.compare({JAN: stamp(12)}, {}, 25.0).missed


def test_an_event_that_comes_just_after_the_look_was_not_missed() -> None:
    census = Census()
    census.compare({JAN: stamp(1)}, {}, 10.0)
    assert census.compare({JAN: stamp(14.999)}, {}, 15.0).untold == {JAN}
    assert not census.compare({JAN: stamp(14.999)}, {JAN: 15.002}, 20.0).missed


def test_a_change_told_by_an_event_is_left_to_it() -> None:
    census = Census()
    census.compare({JAN: stamp(1)}, {}, 10.0)
    assert not census.compare({JAN: stamp(12)}, {JAN: 12.001}, 15.0).untold


def test_a_change_after_the_last_event_is_untold() -> None:
    census = Census()
    census.compare({JAN: stamp(1)}, {}, 10.0)
    assert census.compare({JAN: stamp(13)}, {JAN: 12.0}, 15.0).untold == {JAN}


def test_what_appeared_or_vanished_is_a_change() -> None:
    census = Census()
    census.compare({JAN: stamp(1)}, {}, 10.0)
    assert census.compare({FEB: stamp(2)}, {}, 15.0).untold == {JAN, FEB}


def test_a_vanishing_told_of_since_the_last_look_is_left_to_the_event() -> None:
    census = Census()
    census.compare({JAN: stamp(1), FEB: stamp(1)}, {JAN: 2.0, FEB: 2.0}, 10.0)
    assert census.compare({}, {JAN: 12.0, FEB: 2.0}, 15.0).untold == {FEB}


def test_an_empty_folder_is_no_segment() -> None:
    census = Census()
    census.compare({JAN: tree.NOT_THERE}, {}, 10.0)
    assert len(census) == 0
    assert not census.compare({FEB: tree.NOT_THERE}, {}, 15.0).untold


@pytest.mark.failure(line=27)
def test_a_file_put_back_with_its_old_times_is_a_change() -> None:
    census = Census()
    census.compare({JAN: stamp(5)}, {}, 10.0)
    assert census.compare({JAN: stamp(3)}, {}, 15.0).untold == {JAN}


def test_what_nobody_could_tell_is_not_missed() -> None:
    census = Census()
    census.compare({JAN: stamp(1)}, {}, 10.0)
    census.compare({JAN: stamp(12)}, {}, 15.0)
    census.forgive()
    assert not census.compare({JAN: stamp(12)}, {}, 20.0).missed


def test_the_newest_manifest_of_each_folder() -> None:
    other = SegmentStamp(None, FileStamp(1, 1, 10**12, 10**12), None)
    segments = {JAN: stamp(5), FEB: stamp(7), SegmentKey("ire", "flat", "2024-01"): other}
    assert newest_manifests(segments) == {("gb", "flat"): 7.0}
