-- Whether the ledger knows other days than the last time, each round: a row added has its own
-- time of decision, and one that is gone is missed in the count.
SELECT count(*) AS days, max(decided_at) AS decided_at
FROM racing.ledger_days
