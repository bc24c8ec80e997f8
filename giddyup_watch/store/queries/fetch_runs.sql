-- The newest runs, newest first.
SELECT run_id, status, started_at, finished_at, duration_ms, scope, stats, error_msg
FROM racing.etl_runs
ORDER BY run_id DESC
LIMIT %(limit)s
