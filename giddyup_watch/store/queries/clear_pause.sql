-- Resume loading, parked segments too; the number of these. The ledger is not written: only the
-- holder of the ingest lock may.
UPDATE racing.ingest_control AS c
SET paused = false, paused_until = NULL, resumed_at = clock_timestamp()
FROM (
  SELECT count(*)::int AS segments
  FROM racing.ledger_segments AS s
  CROSS JOIN racing.ingest_control AS before
  WHERE s.state = 'parked' AND s.decided_at >= coalesce(before.resumed_at, '-infinity')
) AS parked
RETURNING parked.segments
