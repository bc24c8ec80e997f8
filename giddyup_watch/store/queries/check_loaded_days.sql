-- The days of each segment that are as they should be, as bits (the first of the month is bit 0):
-- loaded and in ingested_days, or held, which is said elsewhere. While a database that others
-- filled is not adopted, what they say they loaded is enough.
SELECT
  region,
  code,
  to_char(date_trunc('month', d), 'YYYY-MM') AS month,
  bit_or(1 << date_part('day', d)::int - 1) AS days
FROM (
  SELECT l.region, l.code, l.d
  FROM racing.ledger_days AS l
  LEFT JOIN racing.ingested_days AS i ON i.region = l.region AND i.code = l.code AND i.d = l.d
  WHERE l.state = 'held' OR (l.state = 'loaded' AND i.d IS NOT NULL)
  UNION ALL
  SELECT region, code, d
  FROM racing.ingested_days
  WHERE (SELECT adoption_due FROM racing.ingest_control)
    OR NOT EXISTS (SELECT FROM racing.ledger_segments)
) AS well
GROUP BY region, code, date_trunc('month', d)
