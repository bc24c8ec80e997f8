"""One line on what the daemon is doing: what `systemctl status` shows."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from giddyup_watch.daemon.state.board import NOT_CHECKED
from giddyup_watch.daemon.state.duty import Role
from giddyup_watch.daemon.state.heartbeat import Stall
from giddyup_watch.model import SegmentKey, newest_first


@dataclass(frozen=True, slots=True)
class View:
    """How things stand. `in_hand` are those of the `waiting` segments that are being loaded."""

    problems: Mapping[str, str]
    stalls: Collection[Stall]
    role: Role
    compared: bool
    paused: bool
    waiting: Collection[SegmentKey]
    in_hand: Collection[SegmentKey]
    mode: str

    @property
    def settled(self) -> bool:
        """Whether tree and database were reached, or found missing, and migrations looked for."""
        problems = self.problems
        if NOT_CHECKED in (problems["tree"], problems["database"]):
            return False
        return bool(problems["database"]) or problems["migrations"] != NOT_CHECKED


def line(view: View) -> str:
    """The one thing that matters most, and how far behind the database is."""
    return ", ".join(" ".join(part.split()) for part in _parts(view))


def stopping(view: View, seconds: float) -> str:
    """The same while the daemon ends, for another so many seconds at most."""
    if not view.in_hand:
        return "stopping"
    return f"stopping: finishing {_names(view.in_hand)}, given up in {max(0.0, seconds):.0f} s"


def _parts(view: View) -> Iterator[str]:
    problems = [
        f"{name}: {why}" for name, why in view.problems.items() if why not in ("", NOT_CHECKED)
    ]
    if view.stalls:
        yield f"stalled: {'; '.join(map(str, view.stalls))}"
    elif problems:
        yield f"waiting: {'; '.join(problems)}"
    elif not view.settled:
        yield "starting"
    elif view.role == "standby":
        yield "standing by: another daemon works on this database"
        return
    if view.paused:
        yield "paused"
    if view.waiting:
        yield _behind(view.waiting)
    elif view.role == "active" and not problems and not view.stalls:
        yield "up to date" if view.compared else "comparing the tree with the database"
        yield f"watching by {view.mode}"
    if view.in_hand:
        yield f"loading {_names(view.in_hand)}"


def _behind(waiting: Collection[SegmentKey]) -> str:
    months = len({key.month for key in waiting})
    more = f" ({len(waiting)} segments)" if len(waiting) > months else ""
    return f"{months} month{'s' * (months > 1)} behind{more}"


def _names(keys: Collection[SegmentKey]) -> str:
    return " and ".join(str(key) for key in sorted(keys, key=newest_first))
