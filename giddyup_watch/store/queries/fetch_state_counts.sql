-- How many segments are in which state.
SELECT state, count(*)::int AS segments
FROM racing.ledger_segments
GROUP BY state
ORDER BY state
