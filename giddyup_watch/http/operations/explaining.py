"""The part of the API that says what is missing, and why."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from giddyup_watch.explain.why import answers
from giddyup_watch.gaps import checks
from giddyup_watch.http.operations import findings, forms, routes
from giddyup_watch.http.operations.days import Days
from giddyup_watch.http.operations.desk import Desk
from giddyup_watch.http.operations.forms import Folders
from giddyup_watch.http.problems import Problem, ProblemError
from giddyup_watch.store import incidents
from giddyup_watch.store.incidents import Incident

#: The worst first.
_SEVERITIES = ("critical", "warning", "info")

GapId = Annotated[forms.Id, Path()]
OnDay = Annotated[forms.Day | None, Query()]


def add(router: APIRouter, desk: Desk, days: Days, folders: Folders) -> None:
    _add_gaps(router, desk, days)
    _add_days(router, desk, days, folders)


def _add_gaps(router: APIRouter, desk: Desk, days: Days) -> None:
    def gaps(on: OnDay = None) -> findings.GapsOn:
        """What every check finds now about a day, today unless named; writes nothing."""
        return findings.GapsOn.model_validate(days.gaps(on or desk.today()))

    def gaps_open() -> Response:
        """The gaps that are open, the worst first, those acknowledged last."""
        return routes.json(days.told("gaps", lambda conn: _listed(incidents.unresolved(conn))))

    def gap_ack(gap_id: GapId, body: forms.AckRequest) -> findings.Gap:
        """Take an open gap out of gauges and exit codes until it changes."""
        with desk.writing() as conn:
            known = incidents.acknowledge(conn, gap_id, body.note)
        if known is None:
            hint = "GET gaps/open lists them"
            raise ProblemError(Problem(404, f"{gap_id} is not the id of an open gap", hint))
        return _gap(known)

    routes.get(router, "/gaps", gaps, 422)
    routes.get(router, "/gaps/open", gaps_open, model=findings.Gaps)
    routes.post(router, "/gaps/{gap_id}/ack", gap_ack, 404, 422)


def _add_days(router: APIRouter, desk: Desk, days: Days, folders: Folders) -> None:
    def coverage_of_year(
        year: Annotated[forms.Year | None, Query()] = None,
        region: Annotated[list[str] | None, Query(max_length=10)] = None,
        code: Annotated[list[str] | None, Query(max_length=10)] = None,
    ) -> Response:
        """Every day of a year, this one unless named, for each region and code."""
        document = days.coverage_document(
            year or desk.today().year,
            tuple(dict.fromkeys(region or ())),
            tuple(dict.fromkeys(code or ())),
        )
        return routes.json(document)

    def why(region: str, code: str, when: Annotated[forms.When, Path()]) -> findings.Why:
        """Everything that bears on a day or month, and the reason in one sentence."""
        asked = f"{region}/{code}/{when}"
        terms = desk.terms()
        try:
            about = answers.subjects(asked, terms.regions, terms.codes, desk.today())
        except ValueError as error:
            hint = "like why/gb/flat/2024-06-14 or why/gb/flat/2024-06"
            raise ProblemError(Problem(422, str(error), hint)) from error
        return findings.Why.model_validate({"asked": asked, "answers": days.why(about)})

    for name, known in zip(("region", "code"), folders, strict=True):
        one = forms.one_of(known)
        why.__annotations__[name] = Annotated[one, Path()]
        listed = Annotated[list[one] | None, Query(max_length=10)]  # type: ignore[valid-type]
        coverage_of_year.__annotations__[name] = listed
    routes.get(router, "/coverage", coverage_of_year, 422, model=findings.Coverage)
    routes.get(router, "/why/{region}/{code}/{when}", why, 422)


def _listed(found: list[Incident]) -> findings.Gaps:
    found.sort(key=lambda one: (one.acked_at is not None, _SEVERITIES.index(one.severity)))
    counted = [one.severity for one in found if one.acked_at is None]
    critical, warnings = counted.count("critical"), counted.count("warning")
    summary = findings.OpenSummary(
        total_issues=critical + warnings,
        critical=critical,
        warnings=warnings,
        acknowledged=len(found) - len(counted),
    )
    return findings.Gaps(gaps=[_gap(one) for one in found], summary=summary)


def _gap(one: Incident) -> findings.Gap:
    hints: dict[str, str] = {check.name: check.hint for check in checks.registered()}
    told: dict[str, Any] = {
        name: getattr(one, name) for name in findings.Gap.model_fields if hasattr(one, name)
    }
    return findings.Gap(
        **told, check=one.check_name, date=one.d, hint=hints.get(one.check_name, "")
    )
