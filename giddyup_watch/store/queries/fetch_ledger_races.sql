-- The provenance of some days, all segments.
SELECT
  region, code, race_date AS day, race_key, digest, rank, owned, in_file, runner_keys
FROM racing.ledger_races
WHERE race_date = ANY(%(days)s)
ORDER BY race_date, region, code, race_key
