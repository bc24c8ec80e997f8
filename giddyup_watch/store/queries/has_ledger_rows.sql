-- Whether anything was ever decided here.
SELECT EXISTS (SELECT FROM racing.ledger_segments)
