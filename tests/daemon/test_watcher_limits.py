"""Faults from outside the process: a queue that overflows, watches that the kernel refuses."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.daemon.conftest import Tree
from tests.daemon.watching import sample, watch_process
from tests.wait import wait_until

pytestmark = pytest.mark.long

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
IN_NAMESPACE = ("unshare", "--user", "--map-root-user", "sh", "-c")


def months(count: int) -> list[str]:
    return [f"gb/flat/{1990 + n // 12}-{n % 12 + 1:02}" for n in range(count)]


def namespaces() -> bool:
    probe = "echo 20 > /proc/sys/user/max_inotify_watches"
    return subprocess.run([*IN_NAMESPACE, probe], capture_output=True, check=False).returncode == 0


@pytest.mark.failure(line=1)
def test_a_queue_that_overflows_loses_nothing(tree: Tree) -> None:
    names = months(24)
    tree.write(*names)
    events = int(QUEUE.read_text()) + 4000
    with watch_process(tree.master, rescan=5.0) as watched:
        wait_until(watched.ready)
        watched.process.send_signal(signal.SIGSTOP)
        noise = tree.folder(names[0])
        for number in range(events // 2):  # two events each: made, and closed
            os.close(os.open(noise / f"{number}.tmp", os.O_CREAT | os.O_WRONLY))
        tree.write(*names, "ire/flat/2024-01")
        watched.process.send_signal(signal.SIGCONT)
        wait_until(lambda: {*names, "ire/flat/2024-01"} <= watched.noted(), 30)
        wait_until(lambda: watched.logged("events_missed"), 30)
        assert watched.logged("events_lost")
        metrics = watched.end()
    assert sample(metrics, "fs_queue_overflows_total", {}) >= 1
    assert sample(metrics, "events_missed_total", {}) >= 1
    assert sample(metrics, "watched_directories", {}) == 0  # closed with the rest


@pytest.mark.failure(line=5)
@pytest.mark.skipif(not namespaces(), reason="user namespaces are not allowed here")
def test_refused_watches_are_said_and_made_up_for_by_looking(tree: Tree) -> None:
    tree.write(*months(10))
    limit = ('echo 20 > /proc/sys/user/max_inotify_watches; exec "$@"', "sh")
    with watch_process(tree.master, rescan=3600.0, wrapper=(*IN_NAMESPACE, *limit)) as watched:
        wait_until(watched.ready)
        assert not watched.logged("watch_degraded")
        tree.write(*months(30))  # new directories, more than the kernel will watch
        wait_until(lambda: watched.logged("watch_degraded"))
        tree.write("gb/jumps/2024-01")
        wait_until(lambda: {*months(30), "gb/jumps/2024-01"} <= watched.noted())
        metrics = watched.end()
    assert sample(metrics, "watched_directories", {}) == 0
    assert sample(metrics, "rescans_total", {"reason": "poll"}) > 0


@pytest.mark.failure(line=5)
@pytest.mark.skipif(not namespaces(), reason="user namespaces are not allowed here")
@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_watches_refused_at_start(tree: Tree, limit: str) -> None:
    tree.write(*months(10))
    setting = (f'echo 0 > /proc/sys/user/{limit}; exec "$@"', "sh")
    with watch_process(tree.master, rescan=3600.0, wrapper=(*IN_NAMESPACE, *setting)) as watched:
        wait_until(watched.ready)
        assert watched.logged("watch_degraded")
        tree.write("gb/jumps/2024-01")
        wait_until(lambda: "gb/jumps/2024-01" in watched.noted())
        assert "watched_directories 0.0" in watched.end()


@pytest.mark.failure(line=4)
@pytest.mark.root
def test_a_tree_that_is_unmounted_and_mounted_again(tree: Tree) -> None:
    mount = f"mount -t tmpfs tree {tree.master}"
    own_mounts = ("unshare", "--mount", "sh", "-c", f'{mount}; exec "$@"', "sh")
    with watch_process(tree.master, rescan=0.5, wrapper=own_mounts) as watched:
        wait_until(lambda: watched.logged("tree_lost"))  # mounted, and empty
        inside = f"/proc/{watched.process.pid}/root{tree.master}"

        def enter(*command: str) -> None:
            target = ("nsenter", f"--target={watched.process.pid}", "--mount")
            subprocess.run([*target, *command], check=True)

        mounted = Tree(Path(inside), make=False)
        mounted.write("gb/flat/2024-01", "gb/flat/2024-02")
        wait_until(watched.ready)
        enter("umount", "--lazy", str(tree.master))
        wait_until(lambda: watched.logged("tree_lost", 2))
        enter(*mount.split())
        mounted.write("gb/flat/2024-01")
        wait_until(lambda: watched.logged("tree_back", 2))
        wait_until(lambda: {"gb/flat/2024-01", "gb/flat/2024-02"} <= watched.noted())
        wait_until(lambda: watched.logged("watch_started", 2))
