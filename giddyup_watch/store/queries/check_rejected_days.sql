-- Loaded days with lines that were not: how many, and why, each reason with its first line.
SELECT l.region, l.code, l.d, l.rejected, coalesce(r.reasons, '[]') AS reasons
FROM racing.ledger_days AS l
CROSS JOIN LATERAL (
  SELECT
    jsonb_agg(
      jsonb_build_object('reason', reason, 'lines', lines, 'file', file, 'line', line)
      ORDER BY lines DESC, file, line
    ) AS reasons
  FROM (
    SELECT reason, count(*) AS lines, file, min(line) AS line
    FROM racing.ingest_rejects
    WHERE region = l.region
      AND code = l.code
      AND month = date_trunc('month', l.d)::date
      AND d = l.d
      AND column_name IS NULL
    GROUP BY reason, file
    ORDER BY lines DESC, file, line
    LIMIT %(most)s
  ) AS few
) AS r
WHERE l.state = 'loaded' AND l.rejected > 0
ORDER BY l.d, l.region, l.code
