-- How many segments are in which state; what was parked before somebody resumed is due.
SELECT
  CASE WHEN s.state = 'parked' AND s.decided_at < c.resumed_at THEN 'due' ELSE s.state END AS state,
  count(*)::int AS segments
FROM racing.ledger_segments AS s
CROSS JOIN racing.ingest_control AS c
GROUP BY 1
ORDER BY 1
