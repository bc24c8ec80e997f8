-- Runs, newest first: all, those older than one (before not null), or one (run_id not null).
SELECT run_id, status, started_at, finished_at, duration_ms, scope, stats, error_msg
FROM racing.etl_runs
WHERE (%(before)s::bigint IS NULL OR run_id < %(before)s)
  AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
ORDER BY run_id DESC
LIMIT %(limit)s
