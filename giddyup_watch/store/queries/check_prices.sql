-- Days of a region and code on which more than a share of the runners with a result has no
-- Betfair starting price, for the gap check. Non-runners have none.
SELECT
  lower(r.region) AS region,
  CASE WHEN lower(r.race_type) = 'flat' THEN 'flat' ELSE 'jumps' END AS code,
  r.race_date,
  count(*)::int AS runners,
  count(*) FILTER (WHERE n.win_bsp IS NULL)::int AS without_bsp
FROM racing.races AS r
JOIN racing.runners AS n ON n.race_id = r.race_id AND n.race_date = r.race_date
WHERE r.race_date = ANY(%(days)s::date[])
  AND n.race_date = ANY(%(days)s::date[])
  AND upper(n.pos_raw) <> ALL(%(non_runners)s::text[])
GROUP BY 1, 2, 3
HAVING count(*) FILTER (WHERE n.win_bsp IS NULL) > count(*) * %(share)s::float8
ORDER BY 3, 1, 2
