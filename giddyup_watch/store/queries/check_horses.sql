-- Runners whose horse is not known, for the gap check.
SELECT
  n.runner_id, n.runner_key, n.race_id, r.race_key, n.race_date, r.region, r.race_type,
  c.course_name, r.off_time, n.num
FROM racing.runners AS n
JOIN racing.races AS r ON r.race_id = n.race_id AND r.race_date = n.race_date
LEFT JOIN racing.courses AS c ON c.course_id = r.course_id
WHERE n.race_date = ANY(%(days)s::date[])
  AND r.race_date = ANY(%(days)s::date[])
  AND n.horse_id IS NULL
ORDER BY n.race_date, n.race_id, n.num, n.runner_id
