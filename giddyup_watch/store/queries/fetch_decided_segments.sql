-- What the ledger says of the months of some days, all folders; for coverage. What was parked
-- before somebody resumed is due.
SELECT
  s.region,
  s.code,
  to_char(s.month, 'YYYY-MM') AS month,
  CASE WHEN s.state = 'parked' AND s.decided_at < c.resumed_at THEN 'due' ELSE s.state END AS state,
  s.reason,
  s.changed_at
FROM racing.ledger_segments AS s
CROSS JOIN racing.ingest_control AS c
WHERE s.month >= %(first)s AND s.month < %(next)s
