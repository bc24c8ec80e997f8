-- The days of each folder that are as they should be, as bits, 32 days to a row: of row 0 the lowest
-- is the first day of 2000. They are loaded and in ingested_days, or held, which is said elsewhere.
-- While a database that others filled is not adopted, what they say they loaded is enough.
-- Two aggregates instead of a join of all days with all days, and whole numbers instead of months:
-- it takes half of the time.
SELECT region, code, stretch, bit_or(decided) & bit_or(ingested) AS days
FROM (
  SELECT
    region,
    code,
    d - date '2000-01-01' >> 5 AS stretch,
    bit_or(1 << (d - date '2000-01-01' & 31)) AS decided,
    bit_or(CASE WHEN state = 'held' THEN 1 << (d - date '2000-01-01' & 31) ELSE 0 END) AS ingested
  FROM racing.ledger_days
  WHERE state <> 'absent'
  GROUP BY region, code, stretch
  UNION ALL
  SELECT
    region,
    code,
    d - date '2000-01-01' >> 5,
    CASE
      WHEN (SELECT adoption_due FROM racing.ingest_control)
        OR NOT EXISTS (SELECT FROM racing.ledger_segments)
        THEN -1
      ELSE 0
    END,
    bit_or(1 << (d - date '2000-01-01' & 31))
  FROM racing.ingested_days
  GROUP BY region, code, d - date '2000-01-01' >> 5
) AS days
GROUP BY region, code, stretch
