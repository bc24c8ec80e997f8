"""The watcher on real files: by events alone, by looking alone, and when events fail."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from giddyup_watch.daemon.watching.watcher import Backend
from tests.daemon.conftest import Tree
from tests.daemon.watching import Watched
from tests.wait import wait_until

JAN, FEB, MAR = "gb/flat/2024-01", "gb/flat/2024-02", "ire/jumps/2024-03"
NEVER = 3600.0  # seconds: no rescan helps
SOON = 0.2

Start = Callable[..., Watched]


@pytest.fixture
def start(tree: Tree) -> Iterator[Start]:
    """Start a watcher on `tree` and wait until it has looked once."""
    with ExitStack() as stack:

        def run(*, backend: Backend = "auto", rescan: float = NEVER, poll: float = 0.05) -> Watched:
            watched = Watched(tree.master, backend=backend, rescan=rescan, poll=poll)
            stack.enter_context(watched.service)
            wait_until(lambda: watched.board.problem("tree") != "not checked yet")
            return watched

        yield run


@pytest.fixture
def logs() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as entries:
        yield entries  # type: ignore[misc]


def events(logs: list[dict[str, object]]) -> list[object]:
    return [entry["event"] for entry in logs]


def test_what_is_there_at_start_is_not_news(tree: Tree, start: Start) -> None:
    tree.write(JAN, FEB)
    watched = start()
    assert watched.tree_is_up
    tree.write(MAR)
    wait_until(lambda: watched.noted(MAR, "watch"))
    assert not watched.noted(JAN)
    assert watched.service.mode == "inotify"


def test_a_file_written_in_place(tree: Tree, start: Start) -> None:
    tree.write(JAN)
    watched = start()
    tree.write(JAN)
    wait_until(lambda: watched.noted(JAN, "watch"))
    wait_until(lambda: watched.value("fs_events_total", kind="closed") >= 3)
    assert set(watched.notes) == {(JAN, "watch")}


@pytest.mark.failure(line=7)
def test_a_file_renamed_into_place(tree: Tree, start: Start) -> None:
    tree.write(JAN)
    watched = start()
    folder = tree.folder(JAN)
    (folder / "manifest.tmp").write_text("{}")
    (folder / "manifest.tmp").rename(folder / "manifest.json")
    wait_until(lambda: watched.noted(JAN, "watch"))
    assert watched.value("fs_events_total", kind="moved") >= 1


def test_changes_of_rights_and_removals_are_told(tree: Tree, start: Start) -> None:
    tree.write(JAN, FEB)
    watched = start()
    (tree.folder(JAN) / "manifest.json").chmod(0o600)
    wait_until(lambda: watched.noted(JAN, "watch"))
    shutil.rmtree(tree.folder(FEB))
    wait_until(lambda: watched.noted(FEB, "watch"))
    assert watched.value("events_missed_total") == 0


def test_files_that_are_no_segments_are_nobodys(tree: Tree, start: Start) -> None:
    tree.write(JAN)
    watched = start()
    (tree.folder(JAN) / "notes.txt").write_text("x")
    (tree.master / "gb" / "flat" / "2024-99").mkdir()
    (tree.master / "README").write_text("x")
    wait_until(lambda: watched.value("fs_events_total", kind="created") >= 3)
    assert watched.notes == []


@pytest.mark.failure(line=2)
def test_files_made_before_their_directory_is_watched(tree: Tree, start: Start) -> None:
    tree.write(JAN)
    watched = start(rescan=SOON)
    names = [f"{region}/flat/{year}-{month:02}" for region in ("gb", "ire")
             for year in range(2000, 2012) for month in range(1, 13)]  # fmt: skip
    for name in names:
        tree.write(name)
    wait_until(lambda: set(names) <= {key for key, _ in watched.notes}, 20)
    assert len(names) == 288


@pytest.mark.failure(line=3)
def test_a_month_moved_in_goes_on_being_watched(tree: Tree, start: Start, tmp_path: Path) -> None:
    tree.write(JAN, FEB)
    outside = tmp_path / "outside"
    tree.folder(FEB).rename(outside)
    watched = start(rescan=SOON)
    outside.rename(tree.folder(FEB))
    wait_until(lambda: watched.noted(FEB))
    for _ in range(2):
        watched.notes.clear()
        tree.write(FEB)
        wait_until(lambda: watched.noted(FEB))
    assert watched.service.mode == "inotify"


def test_a_month_renamed_is_gone_here_and_new_there(tree: Tree, start: Start) -> None:
    tree.write(JAN)
    watched = start()
    tree.folder(JAN).rename(tree.folder(FEB))
    wait_until(lambda: watched.noted(JAN) and watched.noted(FEB))
    assert watched.tree_is_up  # the folder is there, though its files have January's names


@pytest.mark.failure(line=6)
@pytest.mark.parametrize(("backend", "mode"), [("auto", "polling"), ("inotify", "inotify")])
def test_where_no_event_ever_comes_looking_alone_suffices(
    tree: Tree, start: Start, backend: Backend, mode: str, logs: list[dict[str, object]]
) -> None:
    tree.write(JAN)
    watched = start(backend=backend, rescan=SOON)
    observer = watched.service._observer
    assert observer is not None
    observer._observer.unschedule_all()  # deaf, as on a network file system
    tree.write(JAN)
    wait_until(lambda: watched.noted(JAN, "rescan"))
    wait_until(lambda: watched.value("events_missed_total") == 1)
    wait_until(lambda: watched.service.mode == mode)
    assert ("watch_degraded" in events(logs)) == (mode == "polling")
    watched.notes.clear()
    tree.write(JAN)
    wait_until(lambda: watched.noted(JAN, "rescan"))


@pytest.mark.failure(line=4)
@pytest.mark.parametrize("backend", ["inotify", "polling"])
def test_the_root_is_deleted_and_made_again(
    tree: Tree, start: Start, backend: Backend, logs: list[dict[str, object]]
) -> None:
    tree.write(JAN, FEB)
    watched = start(backend=backend, rescan=SOON)
    shutil.rmtree(tree.master)
    wait_until(lambda: "master directory" in watched.board.problem("tree"))
    assert watched.value("tree_up") == 0
    tree.master.mkdir()
    wait_until(lambda: "no segment" in watched.board.problem("tree"))
    watched.notes.clear()
    tree.write(JAN)
    wait_until(lambda: watched.tree_is_up and watched.noted(JAN))
    assert watched.value("tree_up") == 1
    assert events(logs).count("tree_back") == 1
    watched.notes.clear()
    tree.write(FEB)
    wait_until(lambda: watched.noted(FEB))
    assert watched.service.mode == backend


@pytest.mark.failure(line=4)
def test_an_emptied_tree_is_not_taken_for_deletions(tree: Tree, start: Start) -> None:
    tree.write(JAN, FEB)
    watched = start(backend="polling")
    for region in tree.master.iterdir():
        shutil.rmtree(region)
    wait_until(lambda: "no segment" in watched.board.problem("tree"))
    looks = watched.value("rescans_total", reason="poll")
    wait_until(lambda: watched.value("rescans_total", reason="poll") > looks + 2)
    assert {key for key, _ in watched.notes} <= {JAN, FEB}
    watched.notes.clear()
    tree.write(JAN)
    wait_until(lambda: watched.noted(JAN) and watched.noted(FEB))  # one is back, one is not


def test_another_directory_in_the_place_of_the_root(
    tree: Tree, start: Start, tmp_path: Path, logs: list[dict[str, object]]
) -> None:
    tree.write(JAN)
    watched = start(rescan=SOON)
    tree.master.rename(tmp_path / "old")
    tree.master.mkdir()
    tree.write(FEB)
    wait_until(lambda: watched.noted(FEB) and watched.noted(JAN) and watched.tree_is_up)
    wait_until(lambda: watched.value("rescans_total", reason="rebuilt") >= 1)
    assert "tree_lost" in events(logs)
    watched.notes.clear()
    tree.write(FEB)
    wait_until(lambda: watched.noted(FEB, "watch"))
    watched.notes.clear()
    (tmp_path / "old" / "gb" / "flat" / "2024-01" / "manifest.json").write_text("{}")
    tree.write(MAR)
    wait_until(lambda: watched.noted(MAR, "watch"))
    assert not watched.noted(JAN)


def test_the_root_may_be_a_link(tree: Tree, tmp_path: Path) -> None:
    tree.write(JAN)
    link = tmp_path / "link"
    link.symlink_to(tree.master)
    watched = Watched(link, backend="auto", rescan=NEVER, poll=0.05)
    with watched.service:
        wait_until(lambda: watched.tree_is_up)
        tree.write(JAN)
        wait_until(lambda: watched.noted(JAN, "watch"))
    assert not watched.failed.is_set()


def test_waits_for_a_tree_that_is_not_there_yet(tree: Tree, start: Start) -> None:
    tree.master.rmdir()
    watched = start()
    assert "master directory" in watched.board.problem("tree")
    tree.master.mkdir()
    tree.write(JAN)
    wait_until(lambda: watched.tree_is_up and watched.service.mode == "inotify")
    tree.write(JAN)
    wait_until(lambda: watched.noted(JAN, "watch"))


@pytest.mark.parametrize("backend", ["inotify", "polling"])
def test_finds_the_same_with_each_backend(tree: Tree, start: Start, backend: Backend) -> None:
    tree.write(JAN, FEB)
    watched = start(backend=backend)
    tree.write(JAN, MAR)
    shutil.rmtree(tree.folder(FEB))
    wait_until(lambda: {key for key, _ in list(watched.notes)} == {JAN, FEB, MAR})
    assert watched.service.mode == backend
    assert watched.value("events_missed_total") == 0


@pytest.mark.failure(line=8)
def test_a_dead_thread_of_the_observer_is_replaced(
    tree: Tree, start: Start, logs: list[dict[str, object]]
) -> None:
    tree.write(JAN)
    watched = start()
    observer = watched.service._observer
    assert observer is not None
    for emitter in observer._observer.emitters:
        emitter.stop()
    wait_until(lambda: watched.service._observer not in (None, observer))
    assert "events_lost" in events(logs)
    tree.write(JAN)
    wait_until(lambda: watched.noted(JAN, "watch"))


@pytest.mark.failure(line=8)
def test_a_handler_that_raises_does_not_end_the_watching(
    tree: Tree, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.write(JAN)
    watched = start()
    observer = watched.service._observer
    assert observer is not None
    (handlers,) = observer._observer._handlers.values()
    (handler,) = handlers

    def broken(told: object) -> None:
        raise RuntimeError("broken handler")

    dead = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: dead.set())
    monkeypatch.setattr(handler, "_tell", broken)
    tree.write(JAN)
    assert dead.wait(5)
    wait_until(lambda: watched.service._observer not in (None, observer))
    tree.write(JAN)
    wait_until(lambda: watched.noted(JAN, "watch"))


def test_strangers_are_reported_once(
    tree: Tree, start: Start, logs: list[dict[str, object]]
) -> None:
    tree.write(JAN)
    (tree.master / "gb" / "nh flat").mkdir()
    (tree.master / "fr").mkdir()
    (tree.master / "gb" / "jumps").symlink_to("/")
    watched = start(rescan=SOON)
    wait_until(lambda: watched.value("rescans_total", reason="interval") >= 2)
    reports = [entry for entry in logs if entry["event"] == "strangers_found"]
    assert [entry["names"] for entry in reports] == [["fr", "gb/jumps", "gb/nh flat"]]


def test_says_how_new_the_manifests_are(tree: Tree, start: Start) -> None:
    tree.write(JAN, MAR)
    os.utime(tree.folder(JAN) / "manifest.json", (1000.0, 1000.0))
    watched = start()
    assert watched.value("manifest_newest_timestamp_seconds", region="gb", code="flat") == 1000.0
    assert watched.value("manifest_newest_timestamp_seconds", region="gb", code="jumps") == 0


def test_the_pace_can_be_changed_while_it_runs(tree: Tree, start: Start) -> None:
    tree.write(JAN)
    watched = start(backend="polling", poll=NEVER)
    tree.write(JAN)
    watched.service.change_pace(type(watched.service.pace)(rescan=NEVER, poll=0.05))
    wait_until(lambda: watched.noted(JAN, "rescan"))
    assert watched.service.mode == "polling"
