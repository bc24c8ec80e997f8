-- An operator knows of this incident.
UPDATE racing.data_gaps
SET acked_at = clock_timestamp(), note = %(note)s
WHERE gap_id = %(id)s AND resolved_at IS NULL
RETURNING
  gap_id, check_name, family, key, severity, region, code, d, finding, item, opened_at,
  changed_at, seen_at, resolved_at, acked_at, note
