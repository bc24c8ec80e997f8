"""Runs, rows, lag, lock, queue, rejects: for whoever asks why it takes so long."""

from grafana_foundation_sdk.builders import dashboard

from monitoring.dashboards import frame
from monitoring.dashboards.panels import (
    AMBER,
    BLUE,
    EFFECTS,
    GREY,
    HALF,
    RED,
    THIRD,
    Panels,
    Query,
    Size,
    heat,
    series,
)

UID = "giddyup-watch-ingest"

RESULTS = {"loaded": BLUE, "unchanged": GREY, "held": "yellow", "refused": AMBER, "failed": RED}


def build() -> dashboard.Dashboard:
    made = frame.prometheus(
        UID, "Ingest", "How changes come into the database, and what they wait for.", days=1
    )
    for title, panels in (
        ("Loading", _loading()),
        ("Waiting", _waiting()),
        ("Noticing", _noticing()),
        ("Derived views", _derived()),
        ("The program", _program()),
    ):
        made = made.with_row(dashboard.Row(title))
        for panel in panels:
            made = made.with_panel(panel)
    return made


def _loading() -> Panels:
    return [
        heat(
            "Lag",
            "From the files' change to the commit, segments by how long it took.",
            Query("sum by (le) (increase(gw_ingest_lag_seconds_bucket{$on}[$__rate_interval]))"),
        ).links([frame.runbook("giddyupwatchfreshnessbudgetburn")]),
        heat(
            "Duration",
            "Work on one segment, from reading its files to the commit.",
            Query(
                "sum by (le) (increase(gw_ingest_duration_seconds_bucket{$on}[$__rate_interval]))"
            ),
        ),
        series(
            "Segments by result",
            "What became of the segments that were worked on.",
            Query(
                "sum by (result) (increase(gw_ingests_total{$on}[$__rate_interval]))", "{{result}}"
            ),
            unit="short",
            size=THIRD,
            stacked="bars",
            colors=RESULTS,
        ),
        series(
            "Races by effect",
            "What became of the lines of the races files.",
            Query(
                "sum by (effect) (increase(gw_ingest_rows_total"
                '{$on, table="races"}[$__rate_interval]))',
                "{{effect}}",
            ),
            unit="short",
            size=THIRD,
            stacked="bars",
            colors=EFFECTS,
        ),
        series(
            "Runners by effect",
            "What became of the lines of the runners files.",
            Query(
                "sum by (effect) (increase(gw_ingest_rows_total"
                '{$on, table="runners"}[$__rate_interval]))',
                "{{effect}}",
            ),
            unit="short",
            size=THIRD,
            stacked="bars",
            colors=EFFECTS,
        ),
        series(
            "Errors",
            "Failures while loading, by reason.",
            Query(
                "sum by (reason) (increase(gw_ingest_errors_total{$on}[$__rate_interval]))",
                "{{reason}}",
            ),
            unit="short",
            size=THIRD,
            stacked="bars",
        ).links([frame.runbook("giddyupwatchingesterrors")]),
        series(
            "Rejected lines",
            "Lines that were not loaded; racing.ingest_rejects names each.",
            Query(
                "sum by (table) (increase(gw_ingest_rows_total"
                '{$on, effect="rejected"}[$__rate_interval]))',
                "{{table}}",
            ),
            unit="short",
            size=THIRD,
            stacked="bars",
        ).links([frame.runbook("lines-were-rejected")]),
        series(
            "Read from the files",
            "Bytes in a second.",
            Query("sum(rate(gw_ingest_read_bytes_total{$on}[$__rate_interval]))", "read"),
            unit="Bps",
            size=THIRD,
        ),
    ]


def _waiting() -> Panels:
    return [
        series(
            "Behind",
            "1 while a change waits for more than a minute, or has nobody to load it.",
            Query('max(job:gw_behind:bool{job=~"$job"})', "behind"),
            unit="none",
            size=Size(24, 4),
            stacked="areas",
            colors={"behind": RED},
            highest=1,
        ).links([frame.runbook("giddyupwatchfreshnessbudgetburn")]),
        series(
            "Queue",
            "Segments waiting to be loaded, and segments held on purpose.",
            Query("max(gw_queue_depth{$on})", "queued"),
            Query("max(gw_held_segments{$on} * gw_active{$on})", "held"),
            unit="none",
            size=HALF,
        ).links([frame.runbook("the-daemon-is-behind-or-stuck")]),
        series(
            "Ingest lock",
            "Whether this daemon holds it, and attempts that found it taken.",
            Query("max(gw_lock_held{$on})", "held"),
            Query(
                'sum(increase(gw_lock_acquisitions_total{$on, result="busy"}[$__rate_interval]))',
                "busy",
            ),
            unit="none",
            size=HALF,
        ).links([frame.runbook("advisory-lock-not-acquired")]),
    ]


def _noticing() -> Panels:
    return [
        series(
            "Changes by who told",
            "Segments noted as changed: by an event, by a look at the tree, at the start.",
            Query(
                "sum by (source) (increase(gw_manifest_changes_total{$on}[$__rate_interval]))",
                "{{source}}",
            ),
            unit="short",
            size=THIRD,
            stacked="bars",
        ),
        series(
            "Looks at the whole tree",
            "How long a look took: half of them, and 95 of 100.",
            Query(
                "histogram_quantile(0.5, sum by (le)"
                " (rate(gw_rescan_duration_seconds_bucket{$on}[$__rate_interval])))",
                "half",
            ),
            Query(
                "histogram_quantile(0.95, sum by (le)"
                " (rate(gw_rescan_duration_seconds_bucket{$on}[$__rate_interval])))",
                "95 of 100",
            ),
            unit="s",
            size=THIRD,
        ).links([frame.runbook("giddyupwatchrescanoverdue")]),
        series(
            "Events lost",
            "Times the kernel's queue ran over, and changes that no event had told.",
            Query("sum(increase(gw_fs_queue_overflows_total{$on}[$__rate_interval]))", "overflows"),
            Query("sum(increase(gw_events_missed_total{$on}[$__rate_interval]))", "missed"),
            unit="short",
            size=THIRD,
            stacked="bars",
        ).links([frame.runbook("giddyupwatcheventslost")]),
    ]


def _derived() -> Panels:
    waiting = "gw_derived_waiting_timestamp_seconds{$on}"
    return [
        series(
            "Views behind the tables",
            "For how long a view has lacked what was loaded.",
            Query(f"max((time() - {waiting}) * ({waiting} > bool 0))", "behind"),
            unit="s",
            size=THIRD,
        ).links([frame.runbook("giddyupwatchderivedstale")]),
        series(
            "Refresh of a view",
            "How long it took, on average; none where tables stand in place of views.",
            Query(
                "sum by (view) (rate(gw_derived_duration_seconds_sum{$on}[$__rate_interval]))"
                " / sum by (view) (rate(gw_derived_duration_seconds_count{$on}[$__rate_interval]))"
                " > 0",
                "{{view}}",
            ),
            unit="s",
            size=THIRD,
            stacked="bars",
        ).links([frame.runbook("a-view-is-not-refreshed")]),
        series(
            "Tables in place of views",
            "Changes noted that they do not show yet, and what the nightly comparison mended"
            " although nobody had noted it.",
            Query("max(gw_derived_noted_races{$on})", "noted"),
            Query("sum(increase(gw_derived_mended_total{$on}[$__rate_interval]))", "mended"),
            unit="none",
            size=THIRD,
        ).links([frame.runbook("giddyupwatchderivedbehind")]),
    ]


def _program() -> Panels:
    return [
        series(
            "Processor time",
            "Of one core.",
            Query("rate(process_cpu_seconds_total{$on}[$__rate_interval])", "{{instance}}"),
            unit="percentunit",
            size=THIRD,
        ),
        series(
            "Memory",
            "Resident.",
            Query("process_resident_memory_bytes{$on}", "{{instance}}"),
            unit="bytes",
            size=THIRD,
        ),
        series(
            "Time since a loop's last progress",
            "Each loop, as a share of what it may take for what it is doing. At 1 it is stalled.",
            Query(
                "max by (component) ((time() - gw_heartbeat_timestamp_seconds{$on})"
                " / gw_heartbeat_limit_seconds{$on})",
                "{{component}}",
            ),
            unit="percentunit",
            size=THIRD,
        ).links([frame.runbook("giddyupwatchloopstalled")]),
        series(
            "HTTP requests",
            "Answered, by their status.",
            Query(
                "sum by (code) (rate(gw_http_requests_total{$on}[$__rate_interval])) > 0",
                "{{code}}",
            ),
            unit="reqps",
            size=HALF,
        ),
        series(
            "HTTP duration",
            "95 of 100 requests were answered within so long.",
            Query(
                "histogram_quantile(0.95, sum by (le)"
                " (rate(gw_http_request_duration_seconds_bucket{$on}[$__rate_interval])))",
                "95 of 100",
            ),
            unit="s",
            size=HALF,
        ),
    ]
