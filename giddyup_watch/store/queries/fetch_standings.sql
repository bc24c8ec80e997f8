-- What was last decided about each segment, newest month first; a null filter passes everything.
-- What was parked before somebody resumed is due.
WITH standing AS (
  SELECT
    s.region,
    s.code,
    to_char(s.month, 'YYYY-MM') AS month,
    CASE WHEN s.state = 'parked' AND s.decided_at < c.resumed_at THEN 'due' ELSE s.state END
      AS state,
    s.reason,
    s.counts_agree,
    s.manifest_races,
    s.manifest_runners,
    s.file_races,
    s.file_runners,
    s.attempts,
    s.changed_at,
    s.decided_at,
    s.run_id
  FROM racing.ledger_segments AS s
  CROSS JOIN racing.ingest_control AS c
)
SELECT *
FROM standing
WHERE (%(region)s::text IS NULL OR region = %(region)s)
  AND (%(code)s::text IS NULL OR code = %(code)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
ORDER BY month DESC, region, code
LIMIT %(limit)s
