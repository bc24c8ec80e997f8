"""The database's own account: runs, days, gaps, rejects."""

from grafana_foundation_sdk.builders import dashboard

from monitoring.dashboards import frame
from monitoring.dashboards.listings import calendar, listing
from monitoring.dashboards.panels import HALF, Panels, Size

UID = "giddyup-watch-tables"

_TIME = 170
_FOLDER = {"region": 70, "code": 70}


def build() -> dashboard.Dashboard:
    made = frame.postgres(
        UID,
        "Tables",
        "Gaps, days, runs and rejected lines, read from the database itself.",
        days=30,
    )
    for panel in _panels():
        made = made.with_panel(panel)
    return made


def _panels() -> Panels:
    return [
        listing(
            "Open gaps",
            "Incidents that no check has found repaired, with what was found.",
            "SELECT severity, check_name, region, code, d::text AS day, finding, opened_at,"
            " CASE WHEN acked_at IS NOT NULL THEN 'yes' END AS acknowledged, gap_id"
            " FROM racing.data_gaps WHERE resolved_at IS NULL"
            " ORDER BY array_position(ARRAY['critical', 'warning', 'info'], severity),"
            " opened_at DESC, gap_id",
            widths={"check_name": 150, **_FOLDER, "day": 100, "opened_at": _TIME}
            | {"acknowledged": 115, "gap_id": 70},
            size=Size(24, 7),
            no_value="none is open",
        ).links([frame.runbook("gap-checks")]),
        calendar(
            "Coverage calendar",
            "Days loaded, of all regions and codes; where a gap is open, how bad the worst is."
            " Nothing: no racing.",
            "SELECT d, 1 AS mark FROM racing.ingested_days UNION ALL"
            " SELECT d, CASE WHEN severity = 'critical' AND acked_at IS NULL THEN 3 ELSE 2 END"
            " FROM racing.data_gaps WHERE resolved_at IS NULL AND severity <> 'info'"
            " AND d IS NOT NULL",
            size=Size(24, 13),
        ).links([frame.runbook("days-are-missing")]),
        listing(
            "Recent runs",
            "Runs that began in the time shown, newest first.",
            "SELECT run_id, status, started_at,"
            " extract(epoch FROM finished_at - started_at)::float8 AS duration,"
            " scope->>'trigger' AS trigger, (stats->>'races_inserted')::int AS races_inserted,"
            " (stats->>'runners_inserted')::int AS runners_inserted,"
            " (stats->>'runners_updated')::int AS runners_updated,"
            " (stats->>'runners_rejected')::int AS runners_rejected, error_msg"
            " FROM racing.etl_runs WHERE $__timeFilter(started_at)"
            " ORDER BY started_at DESC LIMIT 200",
            widths={"run_id": 80, "started_at": _TIME, "duration": 90, "trigger": 90}
            | {"races_inserted": 120, "runners_inserted": 130, "runners_updated": 135}
            | {"runners_rejected": 135},
        ).links([frame.runbook("a-run-failed")]),
        listing(
            "Days loaded",
            "First and last day and how many there are, by region and code.",
            "SELECT region, code, min(d)::text AS first_day, max(d)::text AS last_day,"
            " count(*) AS days FROM racing.ingested_days"
            " GROUP BY region, code ORDER BY region, code",
            size=HALF,
        ),
        listing(
            "Days by month",
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
            "Rejected lines",
            "Of each month's last content; a line without a column was not loaded at all.",
            "SELECT region, code, to_char(month, 'YYYY-MM') AS month, file, line, column_name,"
            " value, reason FROM racing.ingest_rejects ORDER BY month DESC, file, line LIMIT 500",
            widths=_FOLDER | {"month": 84, "line": 70},
            size=Size(24, 6),
        ).links([frame.runbook("lines-were-rejected")]),
    ]  # fmt: skip
