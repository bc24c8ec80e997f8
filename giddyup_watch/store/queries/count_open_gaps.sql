-- Open gaps that nobody has acknowledged, by severity: for the status.
SELECT
  count(*) FILTER (WHERE severity = 'critical')::int AS critical,
  count(*) FILTER (WHERE severity = 'warning')::int AS warning
FROM racing.data_gaps
WHERE resolved_at IS NULL AND acked_at IS NULL
