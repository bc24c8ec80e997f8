-- Races that a folder owns by its provenance and that are not in the database.
SELECT l.race_date AS day, l.race_key
FROM racing.ledger_races AS l
WHERE l.region = %(region)s
  AND l.code = %(code)s
  AND l.race_date = ANY(%(days)s::date[])
  AND l.owned
  AND NOT EXISTS (
    SELECT
    FROM racing.races AS r
    WHERE r.race_key = l.race_key
      AND r.race_date = l.race_date
      AND r.race_date >= %(first)s
      AND r.race_date < %(next)s
  )
ORDER BY 1, 2
