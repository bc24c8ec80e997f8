-- Whether others filled this database and no whole backfill has compared it yet.
SELECT
  c.adoption_due
  OR (
    EXISTS (SELECT FROM racing.races)
    AND NOT EXISTS (SELECT FROM racing.ledger_segments)
  )
FROM racing.ingest_control AS c
