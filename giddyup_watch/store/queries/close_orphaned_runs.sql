-- Close runs whose ingester died. Only the holder of the ingest lock may: then nobody else runs.
UPDATE racing.etl_runs
SET
  status = 'failed',
  finished_at = clock_timestamp(),
  duration_ms = (extract(epoch FROM clock_timestamp() - started_at) * 1000)::bigint,
  error_msg = 'the ingester ended without closing this run; what it had committed stays'
WHERE status = 'running'
RETURNING run_id
