-- Runners that have not run yet, by day and course: the racecards that are there.
SELECT
  r.race_date,
  r.course_id,
  c.course_name,
  count(*)::int AS entries
FROM racing.races AS r
JOIN racing.runners AS n ON n.race_id = r.race_id AND n.race_date = r.race_date
LEFT JOIN racing.courses AS c ON c.course_id = r.course_id
WHERE r.race_date = ANY(%(days)s::date[])
  AND n.race_date = ANY(%(days)s::date[])
  AND n.pos_raw IS NULL
GROUP BY r.race_date, r.course_id, c.course_name
ORDER BY r.race_date, c.course_name
