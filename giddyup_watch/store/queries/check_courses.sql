-- Races without a course, for the gap check.
SELECT race_id, race_key, race_date, region, race_type, NULL::text AS course_name, off_time
FROM racing.races
WHERE race_date = ANY(%(days)s::date[])
  AND course_id IS NULL
ORDER BY race_date, off_time, race_id
