-- Record what was decided about a segment, and about which content.
INSERT INTO racing.ledger_segments (
  region, code, month, state, reason, rules, manifest_sha256, races_sha256, runners_sha256,
  counts_agree, manifest_races, manifest_runners, file_races, file_runners, misfiled,
  attempts, changed_at, decided_at, run_id
)
VALUES (
  %(region)s, %(code)s, %(month)s, %(state)s, %(reason)s, %(rules)s,
  %(manifest)s, %(races)s, %(runners)s,
  %(counts_agree)s, %(manifest_races)s, %(manifest_runners)s, %(file_races)s, %(file_runners)s,
  %(misfiled)s, %(attempts)s, to_timestamp(%(changed_at)s), clock_timestamp(), %(run_id)s
)
ON CONFLICT (region, code, month) DO UPDATE
SET
  state = EXCLUDED.state,
  reason = EXCLUDED.reason,
  rules = EXCLUDED.rules,
  manifest_sha256 = EXCLUDED.manifest_sha256,
  races_sha256 = EXCLUDED.races_sha256,
  runners_sha256 = EXCLUDED.runners_sha256,
  counts_agree = EXCLUDED.counts_agree,
  manifest_races = EXCLUDED.manifest_races,
  manifest_runners = EXCLUDED.manifest_runners,
  file_races = EXCLUDED.file_races,
  file_runners = EXCLUDED.file_runners,
  misfiled = EXCLUDED.misfiled,
  attempts = EXCLUDED.attempts,
  changed_at = EXCLUDED.changed_at,
  decided_at = EXCLUDED.decided_at,
  run_id = EXCLUDED.run_id
