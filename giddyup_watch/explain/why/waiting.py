"""What keeps content that is on disk from being loaded, from the most particular reason on."""

from giddyup_watch.explain.why.evidence import Evidence
from giddyup_watch.explain.why.phrases import Conclusion, count, ingest, listed, moment

#: Seconds after which a daemon with an empty queue should have noticed a change.
NOTICED_SECONDS = 600


def failed(e: Evidence) -> Conclusion | None:
    known = e.known
    if known is None or known.state != "failed" or not e.work:
        return None
    text = f"Loading {known.key} failed {count(known.attempts, 'time')}: {known.reason}. The daemon"
    return Conclusion("failed", f"{text} tries it again, ever more rarely.", ingest(e))


def paused(e: Evidence) -> Conclusion | None:
    asked = e.around.control
    if not e.work or asked is None or not asked.paused:
        return None
    until = f" until {moment(asked.paused_until)}" if asked.paused_until else ""
    return Conclusion("paused", f"{_waits(e)}: loading is paused{until}.", "giddyup-watch resume")


def lock_busy(e: Evidence) -> Conclusion | None:
    """Whoever ingests holds the lock: this program at work, or somebody else."""
    holder = e.around.holder
    if not e.work or holder is None:
        return None
    if holder.application.startswith("giddyup-watch "):
        return Conclusion("loading", f"{_waits(e)}: a run is going on, of {holder}.")
    text = f"{_waits(e)}: the ingest lock is held by {holder}, it is loaded once that lets go."
    return Conclusion("lock_busy", text, "giddyup-watch status")


def parked(e: Evidence) -> Conclusion | None:
    if not e.work or e.known is None or e.known.state != "parked":
        return None
    text = f"{_waits(e)}: {e.known.reason}, and it is left alone until it changes."
    return Conclusion("parked", text, "giddyup-watch resume")


def queued(e: Evidence) -> Conclusion | None:
    daemon = e.around.active
    if not e.work or daemon is None:
        return None
    changed = e.disk.changed_at
    recent = changed is not None and (e.now - changed).total_seconds() < NOTICED_SECONDS
    name = f"the daemon (database pid {daemon.session.pid})"
    if daemon.queue or recent:
        queue = count(daemon.queue, "segment")
        return Conclusion("queued", f"{_waits(e)}: {name} has {queue} in its queue.")
    text = f"{_waits(e)}, and {name} has nothing in its queue: it has not noticed."
    return Conclusion("unnoticed", text, ingest(e))


def no_daemon(e: Evidence) -> Conclusion | None:
    if not e.work:
        return None
    standby = ", only one that stands by" if e.around.daemons else ""
    return Conclusion("no_daemon", f"{_waits(e)}: no daemon is running{standby}.", ingest(e))


def _waits(e: Evidence) -> str:
    """Say what is on disk and not loaded, and since when."""
    days = [plan.day for plan in e.work]
    since = f" since {moment(e.disk.changed_at)}" if e.disk.changed_at else ""
    newer = "is on disk" if any(day not in e.ours for day in days) else "has changed on disk"
    what = listed(days) if e.subject.day is None else str(e.subject)
    return f"{what} {newer}{since} and is not loaded yet"
