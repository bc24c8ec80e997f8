"""Races as the checks on race rows name them, in keys, sentences and JSON."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from giddyup_watch import model
from giddyup_watch.gaps.check import Check, Finding

#: What `pos` says of a horse that did not start: non-runner, withdrawn, also when already
#: under orders. Such a row counts neither as a runner nor as a result.
NON_RUNNERS = ("NR", "WD", "W/D", "WDU", "DNS")


@dataclass(frozen=True, slots=True)
class RaceRow:
    """A race; `race_type` is None where several are meant that do not agree on it."""

    race_id: int
    race_key: str
    race_date: dt.date
    region: str
    race_type: str | None
    course_name: str | None
    off_time: dt.time | None

    @property
    def name(self) -> str:
        """The race as people call it: `Ascot 14:30 on 2024-06-14`."""
        off = f"{self.off_time:%H:%M}" if self.off_time else "(no off time)"
        return f"{self.course_name or 'a race without a course'} {off} on {self.race_date}"

    @property
    def item(self) -> dict[str, object]:
        return {
            "race_id": self.race_id,
            "date": self.race_date.isoformat(),
            "course_name": self.course_name,
            "off_time": f"{self.off_time:%H:%M}" if self.off_time else None,
        }

    def finding(
        self,
        check: Check,
        what: str,
        *,
        key: str = "",
        item: Mapping[str, object] | None = None,
    ) -> Finding:
        """The check's finding about this race; `what` goes on after its name."""
        return check.finding(
            key or f"{self.race_key}/{self.race_date}",
            f"{self.name} {what}",
            item or self.item,
            day=self.race_date,
            region=self.region.lower(),
            code=None if self.race_type is None else model.code_of(self.race_type),
        )
