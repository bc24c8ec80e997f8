-- Record provenance of races, of this segment or (hand over, unseat) of others.
INSERT INTO racing.ledger_races (
  region, code, race_date, race_key, digest, rank, owned, in_file, runner_keys
)
SELECT
  x.region, x.code, x.race_date, x.race_key, x.digest, x.rank, x.owned, x.in_file,
  ARRAY(SELECT jsonb_array_elements_text(x.runner_keys))
FROM unnest(
  %(regions)s::text[], %(codes)s::text[], %(days)s::date[], %(keys)s::text[],
  %(digests)s::bytea[], %(ranks)s::smallint[], %(owned)s::boolean[], %(in_file)s::boolean[],
  %(runner_keys)s::jsonb[]
) AS x (region, code, race_date, race_key, digest, rank, owned, in_file, runner_keys)
ON CONFLICT (race_date, region, code, race_key) DO UPDATE
SET
  digest = EXCLUDED.digest,
  rank = EXCLUDED.rank,
  owned = EXCLUDED.owned,
  in_file = EXCLUDED.in_file,
  runner_keys = EXCLUDED.runner_keys
