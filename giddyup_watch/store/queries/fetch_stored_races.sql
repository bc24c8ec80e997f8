-- Races as stored, names as norms, in the columns of staging; for comparing without writing.
-- A course of another region than the files' is another course.
SELECT
  r.race_key, r.race_date, r.region,
  CASE WHEN c.region = %(region)s THEN c.course_norm ELSE c.region || '/' || c.course_norm END
    AS course,
  r.off_time, r.race_name, r.race_type, r.class, r.pattern, r.rating_band, r.age_band,
  r.sex_rest, r.dist_raw, r.dist_f, r.dist_m, r.going, r.surface, r.ran
FROM racing.races AS r
LEFT JOIN racing.courses AS c ON c.course_id = r.course_id
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
  AND r.race_key = ANY(%(keys)s)
