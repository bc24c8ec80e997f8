-- Delete runners of ours that left their file.
DELETE FROM racing.runners AS r
USING unnest(%(days)s::date[], %(keys)s::text[]) AS x (race_date, runner_key)
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
  AND r.race_date = x.race_date
  AND r.runner_key = x.runner_key
