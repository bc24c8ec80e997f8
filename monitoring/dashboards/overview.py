"""Is it well, how fresh is it, what is missing: for the eye that passes by."""

from grafana_foundation_sdk.builders import dashboard

from monitoring.dashboards import frame
from monitoring.dashboards.listings import standing
from monitoring.dashboards.panels import (
    AMBER,
    BAD,
    BLUE,
    EFFECTS,
    GREEN,
    LOOK,
    NONE,
    RED,
    THIRD,
    WELL,
    Panels,
    Query,
    Size,
    ages,
    number,
    series,
    steps,
    well_or_not,
    words,
)

UID = "giddyup-watch-overview"

#: The behind of the recording rules is of a job, not of an instance.
_JOB = 'job=~"$job"'
#: What tells an alert from another one of the same name.
_OF = ("check", "component", "condition", "reason", "region", "code")


def build() -> dashboard.Dashboard:
    made = frame.prometheus(
        UID,
        "Overview",
        "Whether the database follows the tree; if not, where it stands. Green is well.",
        days=1,
    )
    for title, panels in (
        ("Is it well?", [*_verdict(), *_well(), *_numbers()]),
        ("What is missing?", _missing()),
        ("How fresh?", _fresh()),
    ):
        made = made.with_row(dashboard.Row(title))
        for panel in panels:
            made = made.with_panel(panel)
    return made


def _verdict() -> Panels:
    """What the alerts say, in one word, and which say it."""
    firing = f'ALERTS{{{_JOB}, alertstate="firing", severity="%s"}}'
    critical, warning = firing % "critical", firing % "warning"
    told_apart = ", ".join(f'"{label}"' for label in _OF)
    return [
        number(
            "In a word",
            "Wrong: an alert fires that wakes somebody. Look: one fires that is for working hours."
            " The rules of monitoring/rules have to be loaded.",
            Query(
                f"max({critical}) * 3 or max({warning}) * 2"
                f" or max(job:gw_active:max{{{_JOB}}}) * 0 + 1"
            ),
            unit="none",
            thresholds=steps((None, GREEN), (2, AMBER), (3, RED)),
            mappings=words(
                _1=(f"{WELL} All is well", GREEN),
                _2=(f"{LOOK} Have a look", AMBER),
                _3=(f"{BAD} Something is wrong", RED),
            ),
            size=Size(8, 9),
            no_value="no rules are loaded",
        ).links([frame.runbook("alerts")]),
        standing(
            "Alerts that fire",
            "What is wrong, the worst first; the runbook has a paragraph for each.",
            Query(
                f"label_replace(label_join(max by (severity, alertname, {', '.join(_OF)})"
                f' ({critical} or {warning}), "of", " ", {told_apart}), "of", "$1", "of",'
                ' " *(.*?) *")'
            ),
            columns={"severity": "severity", "alertname": "alert", "of": "of"},
            hidden=_OF,
            no_value="none fires",
            size=Size(16, 9),
        ).links([frame.runbook("alerts")]),
    ]


def _well() -> Panels:
    yes = steps((None, RED), (1, GREEN))
    return [
        number(
            "Daemon",
            "Whether a daemon answers.",
            Query("max(up{$on}) or vector(0)"),
            unit="none",
            thresholds=yes,
            mappings=well_or_not("answers", "down"),
        ).links([frame.runbook("giddyupwatchdown")]),
        number(
            "At work",
            "Whether one of the daemons works on the database; another may stand by.",
            Query("max(gw_active{$on})"),
            unit="none",
            thresholds=yes,
            mappings=well_or_not("active", "nobody"),
        ).links([frame.runbook("giddyupwatchnotready")]),
        number(
            "Database",
            "Whether the daemon is connected to PostgreSQL.",
            Query("max(gw_db_up{$on})"),
            unit="none",
            thresholds=yes,
            mappings=well_or_not("connected", "away"),
        ).links([frame.runbook("giddyupwatchdatabasedown")]),
        number(
            "Tree",
            "Whether the master directory is there and not empty.",
            Query("max(gw_tree_up{$on})"),
            unit="none",
            thresholds=yes,
            mappings=well_or_not("there", "gone"),
        ).links([frame.runbook("giddyupwatchtreemissing")]),
        number(
            "Loading",
            "Paused by an operator, or not.",
            Query("max(gw_paused{$on})"),
            unit="none",
            thresholds=steps((None, GREEN), (1, AMBER)),
            mappings=words(_0=(f"{WELL} not paused", GREEN), _1=(f"{LOOK} paused", AMBER)),
        ).links([frame.runbook("pause-cancel-resume")]),
        number(
            "Settings",
            "Whether the last reading of the settings succeeded.",
            Query("min(gw_config_last_reload_successful{$on})"),
            unit="none",
            thresholds=yes,
            mappings=well_or_not("read", "refused"),
        ).links([frame.runbook("giddyupwatchconfigreloadfailed")]),
    ]


def _numbers() -> Panels:
    return [
        number(
            "Critical gaps",
            "Open incidents that nobody has acknowledged: data is missing or wrong.",
            Query('sum(max by (check) (gw_gaps{$on, severity="critical"}))'),
            unit="none",
            thresholds=steps((None, GREEN), (1, RED)),
            mappings=NONE,
        ).links([frame.runbook("giddyupwatchdatagap")]),
        number(
            "Warnings",
            "Open incidents that do not have to wake anybody.",
            Query('sum(max by (check) (gw_gaps{$on, severity="warning"}))'),
            unit="none",
            thresholds=steps((None, GREEN), (1, AMBER)),
            mappings=NONE,
        ).links([frame.runbook("giddyupwatchdatagapminor")]),
        number(
            "Longest wait",
            "How long the oldest change in the queue has waited. Well below a minute is well.",
            Query(f"max(job:gw_queue_wait_seconds:max{{{_JOB}}}) and on () max(up{{$on}}) == 1"),
            unit="s",
            thresholds=steps((None, GREEN), (60, AMBER), (900, RED)),
            mappings=NONE,
        ).links([frame.runbook("the-daemon-is-behind-or-stuck")]),
        number(
            "Queue",
            "Segments waiting to be loaded, with those in hand.",
            Query("max(gw_queue_depth{$on})"),
            unit="none",
            thresholds=steps((None, GREEN), (50, AMBER)),
            mappings=words(_0=(f"{WELL} empty", GREEN)),
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
            no_value="not known",
        ).links([frame.runbook("giddyupwatchverifyoverdue")]),
    ]


def _fresh() -> Panels:
    return [
        ages(
            "Newest race",
            "How long ago the newest race that is loaded went off, by region and code. How long is"
            " too long depends on the season: the check stale_source knows.",
            Query(
                "time() - (max by (region, code) (gw_data_newest_race_timestamp_seconds{$on}) > 0)",
                "{{region}}/{{code}}",
            ),
            thresholds=steps((None, BLUE)),
            highest=14 * 86400,
            size=THIRD,
        ),
        ages(
            "Last change on disk",
            "How long ago a manifest of the region and code last changed.",
            Query(
                "time() - (max by (region, code) (gw_manifest_newest_timestamp_seconds{$on}) > 0)",
                "{{region}}/{{code}}",
            ),
            thresholds=steps((None, GREEN), (36 * 3600, AMBER)),
            size=THIRD,
            highest=3 * 86400,
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
            stacked="bars",
            colors=EFFECTS,
        ),
    ]


def _missing() -> Panels:
    return [
        standing(
            "Open gaps",
            "Checks with open incidents; `giddyup-watch gaps` and the status page name each.",
            Query('max by (severity, check) (gw_gaps{$on, severity=~"critical|warning"}) > 0'),
            columns={"severity": "severity", "check": "check", "Value": "open"},
            no_value="none is known",
        ).links([frame.runbook("gap-checks")]),
        series(
            "Open gaps over time",
            "Open incidents that nobody has acknowledged, by severity.",
            Query(
                'sum by (severity) (max by (check, severity) (gw_gaps{$on, severity!="info"}))',
                "{{severity}}",
            ),
            unit="none",
            stacked="areas",
            colors={"critical": RED, "warning": AMBER},
        ),
    ]
