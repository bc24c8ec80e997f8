"""The database's own account: runs, days, gaps, rejects."""

from grafana_foundation_sdk.builders import dashboard

from monitoring.dashboards import frame
from monitoring.dashboards.panels import HALF, Panels, listing

UID = "giddyup-watch-tables"


def build() -> dashboard.Dashboard:
    made = frame.postgres(
        UID,
        "Tables",
        "Runs, coverage, gaps and rejected lines, read from the database itself.",
        days=30,
    )
    for panel in _panels():
        made = made.with_panel(panel)
    return made


def _panels() -> Panels:
    return [
        listing(
            "Recent runs",
            "Runs that began in the time shown, newest first.",
            "SELECT run_id, status, started_at, finished_at - started_at AS duration,"
            " scope->>'trigger' AS trigger, (stats->>'races_inserted')::int AS races_inserted,"
            " (stats->>'runners_inserted')::int AS runners_inserted,"
            " (stats->>'runners_updated')::int AS runners_updated,"
            " (stats->>'runners_rejected')::int AS runners_rejected, error_msg"
            " FROM racing.etl_runs WHERE $__timeFilter(started_at)"
            " ORDER BY started_at DESC LIMIT 200",
        ).links([frame.runbook("a-run-failed")]),
        listing(
            "Days loaded",
            "First and last day and how many there are, by region and code.",
            "SELECT region, code, min(d) AS first_day, max(d) AS last_day, count(*) AS days"
            " FROM racing.ingested_days GROUP BY region, code ORDER BY region, code",
            size=HALF,
        ),
        listing(
            "Coverage calendar",
            "Days loaded in each month of each region and code, newest first.",
            "SELECT to_char(d, 'YYYY-MM') AS month,"
            " count(*) FILTER (WHERE region = 'gb' AND code = 'flat') AS gb_flat,"
            " count(*) FILTER (WHERE region = 'gb' AND code = 'jumps') AS gb_jumps,"
            " count(*) FILTER (WHERE region = 'ire' AND code = 'flat') AS ire_flat,"
            " count(*) FILTER (WHERE region = 'ire' AND code = 'jumps') AS ire_jumps"
            " FROM racing.ingested_days GROUP BY 1 ORDER BY 1 DESC LIMIT 240",
            size=HALF,
        ).links([frame.runbook("days-are-missing")]),
        listing(
            "Open gaps",
            "Incidents that no check has found repaired, with what was found.",
            "SELECT gap_id, severity, check_name, region, code, d AS day, finding,"
            " opened_at, acked_at FROM racing.data_gaps WHERE resolved_at IS NULL"
            " ORDER BY severity, opened_at DESC",
        ).links([frame.runbook("gap-checks")]),
        listing(
            "Rejected lines",
            "Of each month's last content; a line without a column was not loaded at all.",
            "SELECT region, code, month, file, line, column_name, value, reason"
            " FROM racing.ingest_rejects ORDER BY month DESC, file, line LIMIT 500",
        ).links([frame.runbook("lines-were-rejected")]),
    ]
