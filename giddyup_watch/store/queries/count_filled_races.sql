-- Of columns that a races file lacks: in how many stored rows of its races they hold a value.
-- Races that another folder owns are not its to write.
SELECT c.name, count(*)::int AS filled
FROM racing.races AS r
CROSS JOIN LATERAL jsonb_each(to_jsonb(r)) AS c (name, value)
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
  AND r.race_key = ANY(%(keys)s)
  AND NOT EXISTS (
    SELECT
    FROM racing.ledger_races AS l
    WHERE l.race_date = r.race_date
      AND l.race_key = r.race_key
      AND l.owned
      AND (l.region, l.code) <> (%(region)s, %(code)s)
  )
  AND c.name = ANY(%(columns)s)
  AND c.value <> 'null'
GROUP BY c.name
