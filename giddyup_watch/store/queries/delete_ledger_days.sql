-- Forget days of a segment that hold no race any more.
DELETE FROM racing.ledger_days
WHERE region = %(region)s AND code = %(code)s AND d = ANY(%(days)s)
