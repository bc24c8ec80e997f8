-- Races and runners of some days of a region, by the races' type and the folder that owns them
-- (null: others wrote them), and how many runners no file of ours brought; for why.
SELECT
  r.race_type,
  l.region AS owner_region,
  l.code AS owner_code,
  count(*)::int AS races,
  sum(n.runners)::int AS runners,
  sum(n.foreign_runners)::int AS foreign_runners
FROM racing.races AS r
LEFT JOIN racing.ledger_races AS l
  ON l.race_date = r.race_date
  AND l.race_key = r.race_key
  AND l.owned
  AND l.race_date >= %(first)s
  AND l.race_date < %(next)s
CROSS JOIN LATERAL (
  SELECT
    count(*) AS runners,
    count(*) FILTER (
      WHERE l.runner_keys IS NULL OR x.runner_key <> ALL(l.runner_keys)
    ) AS foreign_runners
  FROM racing.runners AS x
  WHERE x.race_id = r.race_id
    AND x.race_date = r.race_date
    AND x.race_date >= %(first)s
    AND x.race_date < %(next)s
) AS n
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
  AND lower(r.region) = lower(%(region)s)
GROUP BY r.race_type, l.region, l.code
ORDER BY r.race_type, l.region NULLS LAST, l.code
