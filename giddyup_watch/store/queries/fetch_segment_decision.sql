-- When and about which counts a segment was last decided on; for why.
SELECT
  changed_at, decided_at, run_id, counts_agree, manifest_races, manifest_runners, file_races,
  file_runners, misfiled
FROM racing.ledger_segments
WHERE region = %(region)s AND code = %(code)s AND month = %(month)s
