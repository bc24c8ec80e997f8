"""Gaps by check over time, coverage, held days, prices: for whoever owns the data."""

from grafana_foundation_sdk.builders import dashboard, stat

from monitoring.dashboards import frame
from monitoring.dashboards.listings import standing
from monitoring.dashboards.panels import (
    AMBER,
    GREEN,
    NONE,
    RED,
    WIDE,
    Panels,
    Query,
    Size,
    ages,
    number,
    series,
    steps,
)

UID = "giddyup-watch-quality"

#: Reds and purples wake somebody.
CHECKS = {
    "not_loaded": RED, "held_days": "dark-red", "stale_source": "light-red",
    "unresulted_passed": "purple", "yesterday_missing_winners": "dark-purple",
    "missing_days": AMBER, "count_mismatch": "dark-orange", "rejected_rows": "yellow",
    "missing_prices": "light-yellow", "duplicate_races": "dark-yellow",
    "runner_count_mismatch": "blue", "unresolved_horses": "light-blue",
    "missing_course": "dark-blue",
}  # fmt: skip


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


def _open(check: str, title: str, description: str, color: str, anchor: str) -> stat.Panel:
    query = Query(f'sum(max by (severity) (gw_gaps{{$on, check="{check}"}}))')
    well, size = steps((None, GREEN), (1, color)), Size(3, 3)
    made = number(title, description, query, unit="none", thresholds=well, mappings=NONE, size=size)
    return made.links([frame.runbook(anchor)])


def _now() -> Panels:
    return [
        _open("not_loaded", "Not loaded", "Days on disk that the database lacks.", RED,
              "the-daemon-is-behind-or-stuck"),
        _open("held_days", "Held days", "Days not loaded on purpose.", RED, "a-day-is-held"),
        _open("stale_source", "Stale sources", "Regions and codes that nothing comes from.", RED,
              "nothing-comes-from-the-scraper"),
        _open("unresulted_passed", "No result", "Races that are over, without a result.", RED,
              "results-are-missing"),
        _open("missing_days", "Missing days", "Days that should be on disk.", AMBER,
              "days-are-missing"),
        _open("count_mismatch", "Do not add up", "Months whose manifest, files and rows differ.",
              AMBER, "database-and-files-differ"),
        _open("rejected_rows", "Rejects", "Days with lines that were not loaded.", AMBER,
              "lines-were-rejected"),
        _open("missing_prices", "No prices", "Days without many of Betfair's prices.", AMBER,
              "days-are-missing"),
        standing(
            "Open gaps by check",
            "Incidents that nobody has acknowledged; the status page names each.",
            Query("max by (severity, check) (gw_gaps{$on}) > 0"),
            columns={"severity": "severity", "check": "check", "Value": "open"},
            no_value="none is known",
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
            "Open gaps over time",
            "How many incidents were open, by check.",
            Query('max by (check) (gw_gaps{$on, severity!="info"}) > 0', "{{check}}"),
            unit="none",
            size=WIDE,
            stacked="areas",
            colors=CHECKS,
            no_value="none was open",
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
        ages(
            "Since a check last answered",
            "Each is asked every gaps.interval_seconds.",
            Query(
                "max by (check) (time() - (gw_check_last_success_timestamp_seconds{$on} > 0))",
                "{{check}}",
            ),
            thresholds=steps((None, GREEN), (900, AMBER), (1800, RED)),
            size=Size(8, 13),
            highest=1800,
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
            size=Size(10, 13),
        ),
        series(
            "Since the last proof",
            "For how long the database has not been proven equal to the files, row by row.",
            Query("time() - (max(gw_verify_last_success_timestamp_seconds{$on}) > 0)", "proof"),
            unit="s",
            size=Size(6, 13),
        ).links([frame.runbook("giddyupwatchverifyoverdue")]),
    ]
