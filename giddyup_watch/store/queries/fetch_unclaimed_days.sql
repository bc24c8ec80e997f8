-- Days of a month in ingested_days that the ledger does not know: others put them there.
SELECT i.region, i.code, i.d AS day
FROM racing.ingested_days AS i
WHERE i.d >= %(first)s
  AND i.d < %(next)s
  AND NOT EXISTS (
    SELECT
    FROM racing.ledger_days AS l
    WHERE l.region = i.region AND l.code = i.code AND l.d = i.d
  )
