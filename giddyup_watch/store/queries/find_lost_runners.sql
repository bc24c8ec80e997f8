-- Runners of the races that a folder owns, by its provenance, that are not in the database.
-- A race without a digest is to be written again: not all of its runners may be there yet.
SELECT l.race_date AS day, k.runner_key
FROM racing.ledger_races AS l
CROSS JOIN unnest(l.runner_keys) AS k (runner_key)
WHERE l.region = %(region)s
  AND l.code = %(code)s
  AND l.race_date = ANY(%(days)s::date[])
  AND l.owned
  AND l.digest IS NOT NULL
  AND NOT EXISTS (
    SELECT
    FROM racing.runners AS r
    WHERE r.runner_key = k.runner_key
      AND r.race_date = l.race_date
      AND r.race_date >= %(first)s
      AND r.race_date < %(next)s
  )
ORDER BY 1, 2
