-- Open incidents about some days of a folder, or with one of some keys; for why.
SELECT
  gap_id, check_name, family, key, severity, region, code, d, finding, item, opened_at,
  changed_at, seen_at, resolved_at, acked_at, note
FROM racing.data_gaps
WHERE resolved_at IS NULL
  AND coalesce(region, %(region)s) = %(region)s
  AND coalesce(code, %(code)s) = %(code)s
  AND (
    (d >= %(first)s AND d < %(next)s)
    OR key = ANY(%(keys)s)
  )
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], severity), opened_at, gap_id
