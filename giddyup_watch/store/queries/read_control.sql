-- What operators asked for, and how many segments the ledger says are to be read again.
SELECT
  c.paused AND coalesce(c.paused_until > now(), true) AS paused,
  c.paused_until,
  c.cancel_run,
  (
    SELECT count(*)::int
    FROM racing.ledger_segments AS s
    WHERE s.state = 'due' OR (s.state = 'parked' AND s.decided_at < c.resumed_at)
  ) AS due
FROM racing.ingest_control AS c
