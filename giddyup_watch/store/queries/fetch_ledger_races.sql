-- The provenance of some days, all segments, with whether the day or the segment is absent.
SELECT
  r.region, r.code, r.race_date AS day, r.race_key, r.digest, r.rank, r.owned, r.in_file,
  r.runner_keys,
  coalesce(d.state = 'absent', false) OR coalesce(s.state = 'absent', false) AS absent
FROM racing.ledger_races AS r
LEFT JOIN racing.ledger_days AS d
  ON d.region = r.region AND d.code = r.code AND d.d = r.race_date
LEFT JOIN racing.ledger_segments AS s
  ON s.region = r.region AND s.code = r.code AND s.month = date_trunc('month', r.race_date)::date
WHERE r.race_date = ANY(%(days)s)
ORDER BY r.race_date, r.region, r.code, r.race_key
