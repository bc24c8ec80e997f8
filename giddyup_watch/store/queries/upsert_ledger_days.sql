-- Record what was decided about days of a segment; one array element a day.
INSERT INTO racing.ledger_days (
  region, code, d, state, reason, digest, rules, held, accepted, races, runners, rejected, run_id
)
SELECT
  %(region)s, %(code)s, x.d, x.state, x.reason, x.digest, x.rules, x.held,
  CASE WHEN x.accepted = '' THEN '{}' ELSE string_to_array(x.accepted, ',') END,
  x.races, x.runners, x.rejected, %(run_id)s
FROM unnest(
  %(days)s::date[], %(states)s::text[], %(reasons)s::text[], %(digests)s::bytea[],
  %(rules)s::text[], %(held)s::bytea[], %(accepted)s::text[], %(races)s::int[], %(runners)s::int[],
  %(rejected)s::int[]
) AS x (d, state, reason, digest, rules, held, accepted, races, runners, rejected)
ON CONFLICT (region, code, d) DO UPDATE
SET
  state = EXCLUDED.state,
  reason = EXCLUDED.reason,
  digest = EXCLUDED.digest,
  rules = EXCLUDED.rules,
  held = EXCLUDED.held,
  accepted = EXCLUDED.accepted,
  races = EXCLUDED.races,
  runners = EXCLUDED.runners,
  rejected = EXCLUDED.rejected,
  decided_at = clock_timestamp(),
  run_id = EXCLUDED.run_id
