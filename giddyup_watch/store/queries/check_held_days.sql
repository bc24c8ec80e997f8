-- Days that are held, by the ledger of the day.
SELECT region, code, d, reason
FROM racing.ledger_days
WHERE state = 'held'
ORDER BY d, region, code
