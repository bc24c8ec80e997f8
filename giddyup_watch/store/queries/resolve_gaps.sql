-- Close incidents that were found repaired.
UPDATE racing.data_gaps
SET resolved_at = clock_timestamp()
WHERE gap_id = ANY(%(ids)s::bigint[]) AND resolved_at IS NULL
RETURNING
  gap_id, check_name, family, key, severity, region, code, d, finding, item, opened_at,
  changed_at, seen_at, resolved_at, acked_at, note
