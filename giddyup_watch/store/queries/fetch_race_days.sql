-- Days with races by region and code, a race's code by its type, and when the newest goes off.
-- Summed up by day before by folder: nothing large is left to sort.
SELECT
  lower(region) AS region,
  CASE WHEN lower(race_type) = 'flat' THEN 'flat' ELSE 'jumps' END AS code,
  array_agg(DISTINCT race_date) AS days,
  max(race_date + coalesce(off_time, '00:00')) AT TIME ZONE %(zone)s::text AS newest
FROM (
  SELECT region, race_type, race_date, max(off_time) AS off_time
  FROM racing.races
  GROUP BY region, race_type, race_date
) AS r
GROUP BY 1, 2
