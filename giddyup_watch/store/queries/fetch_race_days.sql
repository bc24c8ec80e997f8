-- Days with races by region and code, a race's code by its type, and when the newest goes off.
SELECT
  region,
  code,
  array_agg(DISTINCT race_date) AS days,
  max(race_date + coalesce(off_time, '00:00')) AT TIME ZONE %(zone)s::text AS newest
FROM (
  SELECT
    lower(region) AS region,
    CASE WHEN lower(race_type) = 'flat' THEN 'flat' ELSE 'jumps' END AS code,
    race_date,
    off_time
  FROM racing.races
) AS r
GROUP BY region, code
