-- Races at one course at one off time under different keys, for the gap check.
-- An off before ten in the morning is of the afternoon when `off_12h`, so that the copy of a
-- loader that translated it and that of one that did not are told to be one race.
WITH timed AS (
  SELECT
    race_id, race_key, race_date, region, race_type, course_id,
    CASE
      WHEN %(off_12h)s::boolean AND off_time < '10:00' THEN off_time + interval '12 hours'
      ELSE off_time
    END AS off_time
  FROM racing.races
  WHERE race_date = ANY(%(days)s::date[])
    AND course_id IS NOT NULL
    AND off_time IS NOT NULL
)
SELECT
  min(t.race_id) AS race_id,
  (array_agg(t.race_key ORDER BY t.race_id))[1] AS race_key,
  t.race_date,
  min(t.region) AS region,
  CASE WHEN count(DISTINCT t.race_type) = 1 THEN min(t.race_type) END AS race_type,
  c.course_name,
  t.off_time,
  array_agg(t.race_key ORDER BY t.race_id) AS race_keys
FROM timed AS t
JOIN racing.courses AS c ON c.course_id = t.course_id
GROUP BY t.race_date, t.course_id, c.course_name, t.off_time
HAVING count(*) > 1
ORDER BY t.race_date, t.off_time, t.course_id
