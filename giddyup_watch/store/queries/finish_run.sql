-- Close a run. clock_timestamp because the run outlives transactions.
UPDATE racing.etl_runs
SET
  status = %(status)s,
  finished_at = clock_timestamp(),
  duration_ms = (extract(epoch FROM clock_timestamp() - started_at) * 1000)::bigint,
  scope = %(scope)s,
  stats = %(stats)s,
  error_msg = %(error_msg)s
WHERE run_id = %(run_id)s AND status = 'running'
