"""`why`: what was asked about, the evidence, and the conclusion, as one answer each."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from giddyup_watch import model
from giddyup_watch.explain.why import conclusion, gathering
from giddyup_watch.explain.why.evidence import Evidence, Subject
from giddyup_watch.explain.why.memory import Memory
from giddyup_watch.explain.why.phrases import Conclusion
from giddyup_watch.gaps.check import Terms
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import SegmentKey

_FORM = "region/code/YYYY-MM-DD, region/code/YYYY-MM, or the day or month alone"


@dataclass(frozen=True, slots=True)
class Answer:
    evidence: Evidence
    conclusion: Conclusion


def subjects(
    asked: str, regions: Iterable[str], codes: Iterable[str], today: dt.date
) -> list[Subject]:
    """Read `gb/flat/2024-06-14`, `gb/flat/2024-06`, or without folders: then it is about all.

    Raises ValueError for what is none of that, and names the folders there are.
    """
    *folders, when = asked.strip("/").split("/")
    day, month = _when(when, today)
    if len(folders) > 2:
        raise ValueError(f"{asked!r} is not {_FORM}")
    known = (tuple(regions), tuple(codes))
    for name, there, what in zip(folders, known, ("region", "code"), strict=False):
        if name not in there:
            raise ValueError(f"{what} {name!r} is not in the settings: {', '.join(there)} are")
    chosen = [(name,) for name in folders] + list(known[len(folders) :])
    return [
        Subject(SegmentKey(region, code, month), day) for region in chosen[0] for code in chosen[1]
    ]


def answer(
    session: Session,
    terms: Terms,
    now: dt.datetime,
    about: Iterable[Subject],
    memory: Memory | None = None,
) -> Iterator[Answer]:
    """Answer each question. Takes no lock, writes nothing, and does without a tree.

    `memory` is for who answers more than once.
    """
    remembered = Memory() if memory is None else memory
    for subject in about:
        found = gathering.gather(session, terms, now, subject, remembered)
        yield Answer(found, conclusion.conclude(found))


def _when(text: str, today: dt.date) -> tuple[dt.date | None, str]:
    """Return the day, if it is one, and its month."""
    if model.is_month(text):
        return None, text
    spoken = {"today": today, "yesterday": today - dt.timedelta(days=1)}
    try:
        day = spoken.get(text) or dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a day nor a month: give {_FORM}") from None
    return day, str(day)[:7]
