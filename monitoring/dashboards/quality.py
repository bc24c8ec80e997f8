"""Gaps by check over time, coverage, held days, prices: for whoever owns the data."""

from grafana_foundation_sdk.builders import dashboard, stat

from monitoring.dashboards import frame
from monitoring.dashboards.panels import (
    AMBER,
    BLUE,
    GREEN,
    HALF,
    RED,
    SMALL,
    THIRD,
    WIDE,
    Panels,
    Query,
    ages,
    number,
    series,
    standing,
    steps,
)

UID = "giddyup-watch-quality"

_NONE_IS_WELL = steps((None, GREEN), (1, AMBER))


def build() -> dashboard.Dashboard:
    made = frame.prometheus(
        UID, "Data quality", "What is missing or does not add up, and since when.", days=30
    )
    for title, panels in (
        ("Open now", _now()),
        ("Over time", _over_time()),
        ("The checks", _checks()),
    ):
        made = made.with_row(dashboard.Row(title))
        for panel in panels:
            made = made.with_panel(panel)
    return made


def _open(check: str, title: str, description: str, anchor: str) -> stat.Panel:
    query = Query(f'sum(max by (severity) (gw_gaps{{$on, check="{check}"}}))')
    made = number(title, description, query, unit="none", thresholds=_NONE_IS_WELL, size=SMALL)
    return made.links([frame.runbook(anchor)])


def _now() -> Panels:
    return [
        _open("not_loaded", "Not loaded", "Days on disk that the database lacks.",
              "the-daemon-is-behind-or-stuck"),
        _open("missing_days", "Missing days", "Days that should be on disk.", "days-are-missing"),
        _open("held_days", "Held days", "Days not loaded on purpose.", "a-day-is-held"),
        _open("unresulted_passed", "No result", "Races that are over, without a result.",
              "results-are-missing"),
        _open("missing_prices", "Prices missing", "Days without many of Betfair's prices.",
              "days-are-missing"),
        _open("count_mismatch", "Do not add up", "Months whose manifest, files and rows differ.",
              "database-and-files-differ"),
        standing(
            "Open gaps by check",
            "Incidents that nobody has acknowledged; the status page names each.",
            Query("max by (check, severity) (gw_gaps{$on}) > 0"),
            thresholds=steps((None, BLUE), (1, AMBER)),
            size=HALF,
        ).links([frame.runbook("gap-checks")]),
        ages(
            "Coverage",
            "Share of the days that should be there that are loaded, over all months.",
            Query("max by (region, code) (gw_coverage_ratio{$on})", "{{region}}/{{code}}"),
            thresholds=steps((None, RED), (0.99, AMBER), (0.999, GREEN)),
            unit="percentunit",
            highest=1,
        ).links([frame.runbook("days-are-missing")]),
    ]  # fmt: skip


def _over_time() -> Panels:
    return [
        series(
            "Open gaps by check",
            "How many incidents were open, by check.",
            Query('max by (check) (gw_gaps{$on, severity!="info"})', "{{check}}"),
            unit="none",
            size=WIDE,
        ),
        series(
            "Coverage",
            "Share of the days that should be there that were loaded.",
            Query("max by (region, code) (gw_coverage_ratio{$on})", "{{region}}/{{code}}"),
            unit="percentunit",
            lowest=None,
            highest=1,
        ),
        series(
            "Courses with entries today",
            "Racecards present: none on a day with racing is a scraper that did not come.",
            Query('max(gw_gaps{$on, check="entries_today"})', "courses"),
            unit="none",
        ),
    ]


def _checks() -> Panels:
    return [
        series(
            "Since a check last answered",
            "Each is asked every gaps.interval_seconds.",
            Query(
                "max by (check) (time() - (gw_check_last_success_timestamp_seconds{$on} > 0))",
                "{{check}}",
            ),
            unit="s",
            size=THIRD,
        ).links([frame.runbook("giddyupwatchchecknotrunning")]),
        series(
            "How long a check took",
            "On average.",
            Query(
                "sum by (check) (rate(gw_check_duration_seconds_sum{$on}[$__rate_interval]))"
                " / sum by (check) (rate(gw_check_duration_seconds_count{$on}[$__rate_interval]))",
                "{{check}}",
            ),
            unit="s",
            size=THIRD,
        ),
        series(
            "Since the database was last proven equal",
            "Every segment compared with its files, row by row.",
            Query("time() - (max(gw_verify_last_success_timestamp_seconds{$on}) > 0)", "proof"),
            unit="s",
            size=THIRD,
        ).links([frame.runbook("giddyupwatchverifyoverdue")]),
    ]
