"""The views answer as the statements of the original system's manual did."""

import datetime as dt

import pytest

from giddyup_watch.store.connection import Connection

RECENT_RUNS = """
SELECT run_id, status, started_at, finished_at,
       (finished_at - started_at) AS duration,
       scope->>'dates' AS dates,
       stats->>'races_inserted' AS races,
       stats->>'runners_inserted' AS runners
FROM racing.etl_runs
ORDER BY started_at DESC
LIMIT 10
"""
COVERAGE = """
SELECT region, code, MIN(d) AS first_date, MAX(d) AS last_date, COUNT(*) AS days_loaded
FROM racing.ingested_days
GROUP BY region, code
ORDER BY region, code
"""
MISSING = """
WITH dates AS (
  SELECT generate_series(
    CURRENT_DATE - INTERVAL '30 days', CURRENT_DATE, INTERVAL '1 day')::date AS d
)
SELECT d
FROM dates
WHERE NOT EXISTS (
  SELECT 1 FROM racing.ingested_days
  WHERE ingested_days.d = dates.d AND region = 'gb' AND code = 'flat'
)
ORDER BY d
"""


@pytest.fixture
def loaded(conn: Connection) -> Connection:
    """Twelve runs, the newest still open, and every third of sixty days."""
    conn.execute(
        """
        INSERT INTO racing.etl_runs (started_at, finished_at, status, scope, stats)
        SELECT now() - n * interval '1 hour', now() - n * interval '59 minutes', 'success',
          '{"regions": ["gb"], "dates": ["2024-06-14"]}',
          jsonb_build_object('races_inserted', n, 'runners_inserted', n * 10)
        FROM generate_series(1, 11) AS n
        """
    )
    conn.execute(b"INSERT INTO racing.etl_runs (status, scope) VALUES ('running', '{}')")
    conn.execute(
        """
        INSERT INTO racing.ingested_days (region, code, d)
        SELECT region, 'flat', current_date - 3 * n
        FROM generate_series(0, 20) AS n CROSS JOIN unnest('{gb,ire}'::text[]) AS region
        """
    )
    return conn


def test_recent_runs(loaded: Connection) -> None:
    columns = "run_id, status, started_at, finished_at, duration, dates, races::text, runners::text"
    view = loaded.execute(f"SELECT {columns} FROM racing.ingest_recent_runs".encode()).fetchall()
    assert view == loaded.execute(RECENT_RUNS.encode()).fetchall()
    assert len(view) == 10
    assert view[0][1] == "running"


def test_coverage(loaded: Connection) -> None:
    view = loaded.execute(b"SELECT * FROM racing.ingest_coverage").fetchall()
    assert view == loaded.execute(COVERAGE.encode()).fetchall()
    assert [row[4] for row in view] == [21, 21]


def test_missing_days(loaded: Connection) -> None:
    view = loaded.execute(
        b"SELECT d FROM racing.ingest_missing_days WHERE region = 'gb' AND code = 'flat'"
    ).fetchall()
    assert view == loaded.execute(MISSING.encode()).fetchall()
    assert len(view) == 20
    assert all(isinstance(day, dt.date) for (day,) in view)
