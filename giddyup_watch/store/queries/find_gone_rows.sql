-- Of some days (all from first to before next), how many rows of ours are gone, by key.
-- Two races may name one runner: it is there once.
WITH ours AS MATERIALIZED (
  SELECT region, code, race_date, race_key, runner_keys
  FROM racing.ledger_races
  WHERE owned
    AND race_date >= %(first)s
    AND race_date < %(next)s
    AND race_date = ANY(%(days)s::date[])
),
gone AS (
  SELECT o.region, o.code, o.race_date, 1 AS races, 0 AS runners
  FROM ours AS o
  WHERE NOT EXISTS (
    SELECT
    FROM racing.races AS r
    WHERE r.race_date >= %(first)s
      AND r.race_date < %(next)s
      AND r.race_date = o.race_date
      AND r.race_key = o.race_key
  )
  UNION ALL
  SELECT o.region, o.code, o.race_date, 0, 1
  FROM ours AS o
  CROSS JOIN LATERAL unnest(o.runner_keys) AS named (runner_key)
  WHERE NOT EXISTS (
    SELECT
    FROM racing.runners AS r
    WHERE r.race_date >= %(first)s
      AND r.race_date < %(next)s
      AND r.race_date = o.race_date
      AND r.runner_key = named.runner_key
  )
)
SELECT
  region, code, race_date AS d, sum(races)::int AS races, sum(runners)::int AS runners
FROM gone
GROUP BY region, code, race_date
ORDER BY race_date, region, code
