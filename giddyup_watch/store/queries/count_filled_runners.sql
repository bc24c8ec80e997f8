-- Of columns that a runners file lacks: in how many stored rows of its races they hold a value.
-- Races that another folder owns are not its to write.
-- Prices of runners without a position are left alone by an absent column, when live prices are kept.
SELECT c.name, count(*)::int AS filled
FROM racing.races AS r
JOIN racing.runners AS n
  ON n.race_id = r.race_id
  AND n.race_date = r.race_date
  AND n.race_date >= %(first)s
  AND n.race_date < %(next)s
CROSS JOIN LATERAL jsonb_each(to_jsonb(n)) AS c (name, value)
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
  AND NOT (
    %(keep_live_prices)s
    AND n.pos_raw IS NULL
    AND c.name = ANY(%(prices)s)
  )
GROUP BY c.name
