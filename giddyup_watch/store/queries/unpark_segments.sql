-- Let canceled segments be read again.
UPDATE racing.ledger_segments
SET state = 'due', reason = 'resumed'
WHERE state = 'parked'
