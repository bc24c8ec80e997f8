-- Ask whoever runs the newest running run to stop at its next safe point; no row without one.
UPDATE racing.ingest_control AS c
SET cancel_run = r.run_id
FROM (
  SELECT run_id FROM racing.etl_runs WHERE status = 'running' ORDER BY run_id DESC LIMIT 1
) AS r
RETURNING c.cancel_run
