-- Write what a comparison of a segment with its files found over what the last one did.
INSERT INTO racing.verified_segments (
  region, code, month, result, days, finding, verified_at, rests_on, names_to, counts
)
VALUES (
  %(region)s, %(code)s, %(month)s, %(result)s, %(days)s::date[], %(finding)s,
  statement_timestamp(), %(rests_on)s, %(names_to)s, %(counts)s
)
ON CONFLICT (region, code, month) DO UPDATE
SET
  result = EXCLUDED.result,
  days = EXCLUDED.days,
  finding = EXCLUDED.finding,
  verified_at = EXCLUDED.verified_at,
  rests_on = EXCLUDED.rests_on,
  names_to = EXCLUDED.names_to,
  counts = EXCLUDED.counts
