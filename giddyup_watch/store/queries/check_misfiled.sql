-- Segments with races that another folder is for, or has and owns.
WITH copies AS (
  SELECT region, code, date_trunc('month', race_date)::date AS month, count(*)::int AS races
  FROM racing.ledger_races
  WHERE NOT owned AND in_file
  GROUP BY region, code, date_trunc('month', race_date)
)
SELECT
  s.region, s.code, to_char(s.month, 'YYYY-MM') AS month, s.misfiled,
  coalesce(c.races, 0) AS copies
FROM racing.ledger_segments AS s
LEFT JOIN copies AS c ON c.region = s.region AND c.code = s.code AND c.month = s.month
WHERE s.state <> 'absent' AND (s.misfiled > 0 OR c.races > 0)
ORDER BY s.month, s.region, s.code
