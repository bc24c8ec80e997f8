-- What was decided last about every segment, and when the files changed that were decided on.
SELECT region, code, to_char(month, 'YYYY-MM') AS month, state, reason, changed_at
FROM racing.ledger_segments
