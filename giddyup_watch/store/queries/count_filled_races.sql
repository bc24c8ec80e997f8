-- Of columns that a races file lacks: in how many stored rows of its races they hold a value.
SELECT c.name, count(*)::int AS filled
FROM racing.races AS r
CROSS JOIN LATERAL jsonb_each(to_jsonb(r)) AS c (name, value)
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
  AND r.race_key = ANY(%(keys)s)
  AND c.name = ANY(%(columns)s)
  AND c.value <> 'null'
GROUP BY c.name
