-- The newest runs that name a segment, or that are given by id, newest first; for why.
SELECT run_id, status, started_at, finished_at, duration_ms, scope, stats, error_msg
FROM racing.etl_runs
WHERE run_id = ANY(%(ids)s) OR scope -> 'segments' ? %(segment)s
ORDER BY run_id DESC
LIMIT %(limit)s
