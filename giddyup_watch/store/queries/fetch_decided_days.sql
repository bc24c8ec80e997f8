-- What the ledger says of some days, all folders; for coverage.
SELECT region, code, d AS day, state, reason, races, rejected
FROM racing.ledger_days
WHERE d >= %(first)s AND d < %(next)s
