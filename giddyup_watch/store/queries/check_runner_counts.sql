-- Races with a result whose `ran` is not the number of their runners, for the gap check.
-- Rows of non-runners may be counted in it or not: sources do both.
SELECT
  r.race_id, r.race_key, r.race_date, r.region, r.race_type, c.course_name, r.off_time, r.ran,
  f.runner_rows
FROM racing.races AS r
JOIN (
  SELECT
    race_id,
    race_date,
    count(*)::int AS all_rows,
    count(*) FILTER (
      WHERE coalesce(upper(pos_raw) <> ALL(%(non_runners)s::text[]), true)
    )::int AS runner_rows,
    count(*) FILTER (WHERE upper(pos_raw) <> ALL(%(non_runners)s::text[])) AS results
  FROM racing.runners
  WHERE race_date = ANY(%(days)s::date[])
  GROUP BY race_id, race_date
) AS f ON f.race_id = r.race_id AND f.race_date = r.race_date
LEFT JOIN racing.courses AS c ON c.course_id = r.course_id
WHERE r.race_date = ANY(%(days)s::date[])
  AND f.results > 0
  AND r.ran NOT BETWEEN f.runner_rows AND f.all_rows
ORDER BY r.race_date, r.race_id
