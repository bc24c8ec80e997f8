-- Incidents that are not resolved, the oldest first.
SELECT
  gap_id, check_name, family, key, severity, region, code, d, finding, item, opened_at,
  changed_at, seen_at, resolved_at, acked_at, note
FROM racing.data_gaps
WHERE resolved_at IS NULL
ORDER BY opened_at, gap_id
