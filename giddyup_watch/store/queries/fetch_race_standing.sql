-- Of races of a day: the course, and whether there is a result. A non-runner is known before one.
SELECT
  r.race_key,
  coalesce(r.course_id::text, '') AS course,
  EXISTS (
    SELECT
    FROM racing.runners AS n
    WHERE n.race_id = r.race_id AND n.race_date = r.race_date AND n.pos_raw <> 'NR'
  ) AS resulted
FROM racing.races AS r
WHERE r.race_date = %(day)s AND r.race_key = ANY(%(keys)s)
