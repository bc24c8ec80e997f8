-- Open or update one incident a finding; return those that are news.
-- An unchanged one only gets its time of sighting. The incident keeps the check that opened it.
WITH seen AS (
  SELECT *
  FROM unnest(
    %(checks)s::text[], %(families)s::text[], %(keys)s::text[], %(severities)s::text[],
    %(regions)s::text[], %(codes)s::text[], %(days)s::date[], %(findings)s::text[],
    %(items)s::text[]
  ) AS s (check_name, family, key, severity, region, code, d, finding, item)
),
recorded AS (
  INSERT INTO racing.data_gaps AS g
    (
      check_name, family, key, severity, region, code, d, finding, item,
      opened_at, changed_at, seen_at
    )
  SELECT
    check_name, family, key, severity, region, code, d, finding, item::jsonb,
    statement_timestamp(), statement_timestamp(), statement_timestamp()
  FROM seen
  ON CONFLICT (family, key) WHERE resolved_at IS NULL DO UPDATE
  SET
    severity = excluded.severity,
    finding = excluded.finding,
    item = excluded.item,
    seen_at = statement_timestamp(),
    changed_at = CASE
      WHEN (g.severity, g.item) IS DISTINCT FROM (excluded.severity, excluded.item)
        THEN statement_timestamp()
      ELSE g.changed_at
    END,
    acked_at = CASE
      WHEN (g.severity, g.item) IS DISTINCT FROM (excluded.severity, excluded.item) THEN NULL
      ELSE g.acked_at
    END
  RETURNING *
)
SELECT
  gap_id, check_name, family, key, severity, region, code, d, finding, item, opened_at,
  changed_at, seen_at, resolved_at, acked_at, note
FROM recorded
WHERE changed_at = seen_at
ORDER BY gap_id
