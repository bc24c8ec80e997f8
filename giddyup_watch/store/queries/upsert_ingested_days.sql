-- Record days as loaded, in the transaction that loads them.
INSERT INTO racing.ingested_days (region, code, d, run_id)
SELECT %(region)s, %(code)s, x.d, %(run_id)s
FROM unnest(%(days)s::date[]) AS x (d)
ON CONFLICT (region, code, d) DO UPDATE
SET run_id = EXCLUDED.run_id, inserted_at = now()
