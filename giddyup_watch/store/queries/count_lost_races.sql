-- Races of some days that the ledger has as written and the database lacks, by folder and day;
-- for coverage.
SELECT l.region, l.code, l.race_date AS day, count(*)::int AS races
FROM racing.ledger_races AS l
WHERE l.race_date >= %(first)s
  AND l.race_date < %(next)s
  AND l.owned
  AND NOT EXISTS (
    SELECT
    FROM racing.races AS r
    WHERE r.race_key = l.race_key
      AND r.race_date = l.race_date
      AND r.race_date >= %(first)s
      AND r.race_date < %(next)s
  )
GROUP BY 1, 2, 3
