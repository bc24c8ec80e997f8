-- Every segment of the ledger, or one of them (region not null), with whether all its loaded
-- days are still in ingested_days. Days there that this program never loaded are others'.
-- What was parked before somebody resumed is due.
-- A scalar subquery, not NOT EXISTS: without statistics that became a scan of ingested_days for
-- each segment (11 s at 900 of them, against 0.07 s).
SELECT
  s.region,
  s.code,
  to_char(s.month, 'YYYY-MM') AS month,
  CASE WHEN s.state = 'parked' AND s.decided_at < c.resumed_at THEN 'due' ELSE s.state END AS state,
  s.reason,
  s.rules,
  s.manifest_sha256,
  s.races_sha256,
  s.runners_sha256,
  s.attempts,
  NOT EXISTS (
    SELECT
    FROM racing.ledger_days AS l
    WHERE l.region = s.region
      AND l.code = s.code
      AND l.d >= s.month
      AND l.d < (s.month + interval '1 month')::date
      AND l.state = 'loaded'
      AND (
        SELECT i.d
        FROM racing.ingested_days AS i
        WHERE i.region = l.region AND i.code = l.code AND i.d = l.d
      ) IS NULL
  ) AS days_agree
FROM racing.ledger_segments AS s
CROSS JOIN racing.ingest_control AS c
WHERE %(region)s::text IS NULL
  OR (s.region, s.code, s.month) = (%(region)s, %(code)s, %(month)s::date)
