-- Change what is thought of a segment whose content was not decided on.
INSERT INTO racing.ledger_segments (region, code, month, state, reason, attempts)
VALUES (%(region)s, %(code)s, %(month)s, %(state)s, %(reason)s, %(attempts)s)
ON CONFLICT (region, code, month) DO UPDATE
SET
  state = EXCLUDED.state,
  reason = EXCLUDED.reason,
  attempts = EXCLUDED.attempts,
  decided_at = clock_timestamp()
