-- Delete races of ours that left their file, and were not inherited.
DELETE FROM racing.races AS r
USING unnest(%(days)s::date[], %(keys)s::text[]) AS x (race_date, race_key)
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
  AND r.race_date = x.race_date
  AND r.race_key = x.race_key
