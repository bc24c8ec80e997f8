-- The days of each segment that are as they should be, as bits (the first of the month is bit 0):
-- loaded and in ingested_days, or held, which is said elsewhere. While a database that others
-- filled is not adopted, what they say they loaded is enough.
-- Two aggregates instead of a join of all days with all days: it takes two thirds of the time.
SELECT
  region,
  code,
  to_char(month, 'YYYY-MM') AS month,
  bit_or(decided) & bit_or(ingested) AS days
FROM (
  SELECT
    region,
    code,
    d - date_part('day', d)::int + 1 AS month,
    bit_or(1 << date_part('day', d)::int - 1) AS decided,
    bit_or(CASE WHEN state = 'held' THEN 1 << date_part('day', d)::int - 1 ELSE 0 END) AS ingested
  FROM racing.ledger_days
  WHERE state <> 'absent'
  GROUP BY region, code, d - date_part('day', d)::int + 1
  UNION ALL
  SELECT
    region,
    code,
    d - date_part('day', d)::int + 1,
    CASE
      WHEN (SELECT adoption_due FROM racing.ingest_control)
        OR NOT EXISTS (SELECT FROM racing.ledger_segments)
        THEN -1
      ELSE 0
    END,
    bit_or(1 << date_part('day', d)::int - 1)
  FROM racing.ingested_days
  GROUP BY region, code, d - date_part('day', d)::int + 1
) AS days
GROUP BY region, code, month
