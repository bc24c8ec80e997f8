-- Days of a region and code on which more than a share of the runners with a result has no
-- Betfair starting price, for the gap check. Non-runners have none.
WITH fields AS (
  SELECT
    race_id,
    race_date,
    count(*) AS runners,
    count(*) FILTER (WHERE win_bsp IS NULL) AS without_bsp
  FROM racing.runners
  WHERE race_date = ANY(%(days)s::date[])
    AND upper(pos_raw) <> ALL(%(non_runners)s::text[])
  GROUP BY race_id, race_date
)
SELECT
  lower(r.region) AS region,
  CASE WHEN lower(r.race_type) = 'flat' THEN 'flat' ELSE 'jumps' END AS code,
  r.race_date,
  sum(f.runners)::int AS runners,
  sum(f.without_bsp)::int AS without_bsp
FROM racing.races AS r
JOIN fields AS f ON f.race_id = r.race_id AND f.race_date = r.race_date
WHERE r.race_date = ANY(%(days)s::date[])
  AND lower(r.region) = ANY(%(regions)s::text[])
GROUP BY 1, 2, 3
HAVING sum(f.without_bsp) > sum(f.runners) * %(share)s::float8
ORDER BY 3, 1, 2
