"""Is it well, how fresh is it, what is missing: for the eye that passes by."""

from grafana_foundation_sdk.builders import dashboard

from monitoring.dashboards import frame
from monitoring.dashboards.panels import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    HALF,
    RED,
    THIRD,
    YES_NO,
    Panels,
    Query,
    Size,
    ages,
    number,
    series,
    standing,
    steps,
    words,
)

UID = "giddyup-watch-overview"

#: The behind of the recording rules is of a job, not of an instance.
_JOB = 'job=~"$job"'


def build() -> dashboard.Dashboard:
    made = frame.prometheus(
        UID,
        "Overview",
        "Whether the database follows the tree; if not, where it stands. Green is well.",
        days=1,
    )
    made = made.with_row(dashboard.Row("Is it well?"))
    for panel in (*_well(), *_numbers()):
        made = made.with_panel(panel)
    made = made.with_row(dashboard.Row("How fresh?"))
    for panel in _fresh():
        made = made.with_panel(panel)
    made = made.with_row(dashboard.Row("What is missing?"))
    for panel in _missing():
        made = made.with_panel(panel)
    return made


def _well() -> Panels:
    yes = steps((None, RED), (1, GREEN))
    return [
        number(
            "Daemon",
            "Whether a daemon answers.",
            Query("max(up{$on}) or vector(0)"),
            unit="none",
            thresholds=yes,
            mappings=words(_1=("answers", GREEN), _0=("down", RED)),
        ).links([frame.runbook("giddyupwatchdown")]),
        number(
            "At work",
            "Whether one of the daemons works on the database; another may stand by.",
            Query("max(gw_active{$on})"),
            unit="none",
            thresholds=yes,
            mappings=words(_1=("active", GREEN), _0=("nobody", RED)),
        ).links([frame.runbook("giddyupwatchnotready")]),
        number(
            "Database",
            "Whether the daemon is connected to PostgreSQL.",
            Query("max(gw_db_up{$on})"),
            unit="none",
            thresholds=yes,
            mappings=words(_1=("connected", GREEN), _0=("away", RED)),
        ).links([frame.runbook("giddyupwatchdatabasedown")]),
        number(
            "Tree",
            "Whether the master directory is there and not empty.",
            Query("max(gw_tree_up{$on})"),
            unit="none",
            thresholds=yes,
            mappings=words(_1=("there", GREEN), _0=("gone", RED)),
        ).links([frame.runbook("giddyupwatchtreemissing")]),
        number(
            "Loading",
            "Paused by an operator, or not.",
            Query("max(gw_paused{$on})"),
            unit="none",
            thresholds=steps((None, GREEN), (1, AMBER)),
            mappings=words(_0=("not paused", GREEN), _1=("paused", AMBER)),
        ).links([frame.runbook("pause-cancel-resume")]),
        number(
            "Settings",
            "Whether the last reading of the settings succeeded.",
            Query("min(gw_config_last_reload_successful{$on})"),
            unit="none",
            thresholds=yes,
            mappings=YES_NO,
        ).links([frame.runbook("giddyupwatchconfigreloadfailed")]),
    ]


def _numbers() -> Panels:
    none_is_well = steps((None, GREEN), (1, RED))
    return [
        number(
            "Critical gaps",
            "Open incidents that nobody has acknowledged: data is missing or wrong.",
            Query('sum(max by (check) (gw_gaps{$on, severity="critical"}))'),
            unit="none",
            thresholds=none_is_well,
        ).links([frame.runbook("giddyupwatchdatagap")]),
        number(
            "Warnings",
            "Open incidents that do not have to wake anybody.",
            Query('sum(max by (check) (gw_gaps{$on, severity="warning"}))'),
            unit="none",
            thresholds=steps((None, GREEN), (1, AMBER)),
        ).links([frame.runbook("giddyupwatchdatagapminor")]),
        number(
            "Longest wait",
            "How long the oldest change in the queue has waited. Well below a minute is well.",
            Query(f"max(job:gw_queue_wait_seconds:max{{{_JOB}}})".replace("gw_", "giddyup_watch_")),
            unit="s",
            thresholds=steps((None, GREEN), (60, AMBER), (900, RED)),
        ).links([frame.runbook("the-daemon-is-behind-or-stuck")]),
        number(
            "Queue",
            "Segments waiting to be loaded, with those in hand.",
            Query("max(gw_queue_depth{$on})"),
            unit="none",
            thresholds=steps((None, GREEN), (50, AMBER)),
        ).links([frame.runbook("the-daemon-is-behind-or-stuck")]),
        number(
            "Behind, 30 days",
            "Share of the last 30 days in which a change waited for more than a minute or had"
            " nobody to load it. The objective allows 0.5 %.",
            Query("max(job:gw_behind:ratio30d{" + _JOB + "})"),
            unit="percentunit",
            thresholds=steps((None, GREEN), (0.0025, AMBER), (0.005, RED)),
            no_value="not yet",
        ).links([frame.runbook("giddyupwatchfreshnessbudgetburn")]),
        number(
            "Proven equal",
            "How long ago every segment was last compared with its files, row by row.",
            Query("time() - (max(gw_verify_last_success_timestamp_seconds{$on}) > 0)"),
            unit="s",
            thresholds=steps((None, GREEN), (26 * 3600, AMBER), (50 * 3600, RED)),
            no_value="not yet",
        ).links([frame.runbook("giddyupwatchverifyoverdue")]),
    ]


def _fresh() -> Panels:
    return [
        ages(
            "Newest race",
            "How long ago the newest race that is loaded went off, by region and code.",
            Query(
                "time() - (max by (region, code) (gw_data_newest_race_timestamp_seconds{$on}) > 0)",
                "{{region}}/{{code}}",
            ),
            thresholds=steps((None, GREEN), (2 * 86400, AMBER), (14 * 86400, GREY)),
            size=THIRD,
        ),
        ages(
            "Last change on disk",
            "How long ago a manifest of the region and code last changed.",
            Query(
                "time() - (max by (region, code) (gw_manifest_newest_timestamp_seconds{$on}) > 0)",
                "{{region}}/{{code}}",
            ),
            thresholds=steps((None, GREEN), (36 * 3600, AMBER), (14 * 86400, GREY)),
            size=THIRD,
        ).links([frame.runbook("nothing-comes-from-the-scraper")]),
        ages(
            "Coverage",
            "Share of the days that should be there that are loaded.",
            Query("max by (region, code) (gw_coverage_ratio{$on})", "{{region}}/{{code}}"),
            thresholds=steps((None, RED), (0.99, AMBER), (0.999, GREEN)),
            unit="percentunit",
            size=THIRD,
            highest=1,
        ).links([frame.runbook("days-are-missing")]),
        series(
            "From a change on disk to its commit",
            "Half and 95 of 100 of the changes are loaded within so long.",
            Query(
                "histogram_quantile(0.5, sum by (le)"
                " (rate(gw_ingest_lag_seconds_bucket{$on}[$__rate_interval])))",
                "half",
            ),
            Query(
                "histogram_quantile(0.95, sum by (le)"
                " (rate(gw_ingest_lag_seconds_bucket{$on}[$__rate_interval])))",
                "95 of 100",
            ),
            unit="s",
        ),
        series(
            "Rows written",
            "What became of the lines read that changed something.",
            Query(
                "sum by (effect) (increase(gw_ingest_rows_total"
                '{$on, effect=~"inserted|updated|deleted"}[$__rate_interval]))',
                "{{effect}}",
            ),
            unit="short",
            stacked=True,
        ),
    ]


def _missing() -> Panels:
    return [
        standing(
            "Open gaps",
            "Checks with open incidents; `giddyup-watch gaps` and the status page name each.",
            Query('max by (check, severity) (gw_gaps{$on, severity=~"critical|warning"}) > 0'),
            thresholds=steps((None, BLUE), (1, AMBER)),
            size=HALF,
        ).links([frame.runbook("gap-checks")]),
        series(
            "Open gaps over time",
            "Open incidents that nobody has acknowledged, by severity.",
            Query(
                'sum by (severity) (max by (check, severity) (gw_gaps{$on, severity!="info"}))',
                "{{severity}}",
            ),
            unit="none",
            size=Size(12, 8),
        ),
    ]
