-- Runners of these races that are in nobody's provenance, by day.
SELECT r.race_date AS day, count(*)::int AS runners
FROM racing.runners AS r
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
  AND r.race_id = ANY(%(ids)s::bigint[])
  AND NOT EXISTS (
    SELECT
    FROM racing.ledger_races AS l
    WHERE l.race_date = r.race_date AND r.runner_key = ANY(l.runner_keys)
  )
GROUP BY r.race_date
