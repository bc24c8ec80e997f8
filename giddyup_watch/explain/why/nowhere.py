"""Why something is not on disk: gone, elsewhere, still to come, without racing, never scraped."""

import datetime as dt

from giddyup_watch.explain.why.evidence import Evidence
from giddyup_watch.explain.why.phrases import Conclusion, count, ingest, listed, moment
from giddyup_watch.model import code_of


def absent(e: Evidence) -> Conclusion | None:
    """Gone from disk, whole or a day of it; the rows are kept until that is accepted.

    To give them up is suggested once the absence is on record: writers delete
    folders before they write them again.
    """
    gone = [day for day in e.ours if day not in e.seen]
    if not gone or e.disk.state not in ("absent", "readable"):
        return None
    what = e.disk.problem if e.disk.state == "absent" else f"{listed(gone)}: not in the files"
    races = sum(e.ours[day].races for day in gone)
    text = f"It was loaded and is gone from disk ({what}); the {count(races, 'race')} loaded stay"
    text += " until they are back on disk, or given up."
    whole = e.known is not None and e.known.state == "absent"
    if whole or all(e.ours[day].state == "absent" for day in gone):
        return Conclusion("absent", text, ingest(e, "--accept shrink", days=gone))
    text += " That is not on record yet: it may be written again in a moment."
    return Conclusion("absent", text, "" if e.around.active else ingest(e, days=gone))


def written_by_others(e: Evidence) -> Conclusion | None:
    races = sum(
        one.races
        for one in e.rows
        if one.owner_code is None and code_of(one.race_type) == e.subject.key.code
    )
    if not e.nothing or not races:
        return None
    text = f"Nothing of {e.subject} is on disk: its {count(races, 'race')} in the database were"
    return Conclusion("foreign", f"{text} written by others, and are left alone.")


def in_another_folder(e: Evidence) -> Conclusion | None:
    there = {
        f"{one.owner_region}/{one.owner_code}": one.races
        for one in e.rows
        if one.owner_code is not None and code_of(one.race_type) == e.subject.key.code
    }
    if not e.nothing or not there:
        return None
    text = f"This folder has nothing of {e.subject}: {count(sum(there.values()), 'race')} of that"
    return Conclusion("elsewhere", f"{text} type lie in {listed(there)} and are loaded from there.")


def future(e: Evidence) -> Conclusion | None:
    first = e.subject.span.first
    if not e.nothing or first <= e.today:
        return None
    return Conclusion(
        "future", f"{e.subject} lies in the future, and nothing of it is on disk yet."
    )


def blank_day(e: Evidence) -> Conclusion | None:
    day = e.subject.day
    if not e.nothing or day is None or f"{day:%m-%d}" not in e.terms.blank_days:
        return None
    text = (
        f"Nothing of {e.subject} is on disk, and no racing is expected: a day of gaps.blank_days."
    )
    return Conclusion("blank_day", text)


def no_racing(e: Evidence) -> Conclusion | None:
    if not e.nothing or e.subject.day not in e.believed:
        return None
    text = f"There was no racing: the manifest claims {e.subject} as processed, and has no races."
    return Conclusion("no_racing", text)


def not_due(e: Evidence) -> Conclusion | None:
    if not e.nothing or e.now >= (due := _due(e)):
        return None
    text = f"Nothing of {e.subject} is on disk yet; it counts as missing from {moment(due)}."
    return Conclusion("not_due", text)


def given_up(e: Evidence) -> Conclusion | None:
    if not e.nothing or e.known is None or e.known.state != "absent":
        return None
    text = f"{e.subject.key} was loaded once, is gone from disk, and its rows were given up."
    return Conclusion("given_up", text)


def never_scraped(e: Evidence) -> Conclusion | None:
    if not e.nothing:
        return None
    where = f"{e.disk.folder} is not there" if not e.disk.files else f"{e.disk.folder} lacks it"
    if e.disk.state == "absent" and e.disk.files:
        where = e.disk.problem
    text = f"{e.subject} was never scraped: {where}, and no manifest claims it."
    if others := sum(one.races for one in e.rows):
        text += f" Other folders of {e.subject.key.region} have {count(others, 'race')}."
    text += f" {e.expected or 'The racing calendar expects none.'}"
    command = f"giddyup-watch gaps --on {e.subject.day}" if e.subject.day else "giddyup-watch gaps"
    return Conclusion("never_scraped", text, command)


def _due(e: Evidence) -> dt.datetime:
    """When the subject counts as missing, if nothing of it has come by then."""
    start = dt.datetime.combine(e.subject.span.first, dt.time(), e.terms.zone)
    return start.astimezone(dt.UTC) + e.terms.stale
