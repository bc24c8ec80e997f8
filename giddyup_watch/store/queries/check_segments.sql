-- Segments of which manifest, files and database do not agree, as far as the ledger and the last
-- proof say.
WITH unwell AS (
  SELECT region, code, month
  FROM racing.ledger_segments
  WHERE state IN ('refused', 'failed', 'absent', 'parked') OR counts_agree IS NOT TRUE
  UNION
  SELECT region, code, date_trunc('month', d)::date
  FROM racing.ledger_days
  WHERE state = 'absent'
  UNION
  SELECT region, code, month
  FROM racing.ingest_rejects
  WHERE d IS NULL AND column_name IS NULL
  UNION
  SELECT region, code, month
  FROM racing.verified_segments
  WHERE result = 'different'
)
SELECT
  u.region,
  u.code,
  to_char(u.month, 'YYYY-MM') AS month,
  CASE WHEN s.state = 'parked' AND s.decided_at < c.resumed_at THEN 'due' ELSE s.state END AS state,
  coalesce(s.reason, '') AS reason,
  coalesce(s.attempts, 0) AS attempts,
  s.counts_agree,
  s.manifest_races,
  s.manifest_runners,
  s.file_races,
  s.file_runners,
  known.days AS known_days,
  known.absent AS absent_days,
  (
    SELECT count(*)::int
    FROM racing.ingest_rejects AS r
    WHERE r.region = u.region
      AND r.code = u.code
      AND r.month = u.month
      AND r.d IS NULL
      AND r.column_name IS NULL
  ) AS undated,
  coalesce(v.days, '{}') AS different_days,
  v.finding AS drift
FROM unwell AS u
CROSS JOIN racing.ingest_control AS c
LEFT JOIN racing.ledger_segments AS s
  ON s.region = u.region AND s.code = u.code AND s.month = u.month
LEFT JOIN racing.verified_segments AS v
  ON v.region = u.region AND v.code = u.code AND v.month = u.month AND v.result = 'different'
CROSS JOIN LATERAL (
  SELECT
    count(*)::int AS days,
    coalesce(array_agg(l.d ORDER BY l.d) FILTER (WHERE l.state = 'absent'), '{}') AS absent
  FROM racing.ledger_days AS l
  WHERE l.region = u.region
    AND l.code = u.code
    AND l.d >= u.month
    AND l.d < (u.month + interval '1 month')::date
) AS known
ORDER BY u.month, u.region, u.code
