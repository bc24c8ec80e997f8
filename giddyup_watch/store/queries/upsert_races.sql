-- Write the staged races that are new or differ; unchanged ones are not even locked.
-- `race_date + 0` keeps the planner from the index on the date alone: a fresh partition has
-- no statistics that would tell it how much worse that is.
WITH resolved AS (
  SELECT
    s.race_key, s.race_date, s.region, c.id AS course_id, s.off_time, s.race_name, s.race_type,
    s.class, s.pattern, s.rating_band, s.age_band, s.sex_rest, s.dist_raw, s.dist_f, s.dist_m,
    s.going, s.surface, s.ran
  FROM staging.races AS s
  LEFT JOIN staging.names AS c ON c.kind = 'course' AND c.name = s.course
), changes AS MATERIALIZED (
  SELECT s.*, r.race_id IS NULL AS is_new
  FROM resolved AS s
  LEFT JOIN racing.races AS r
    ON r.race_key = s.race_key
    AND r.race_date + 0 = s.race_date
    AND r.race_date >= %(first)s
    AND r.race_date < %(next)s
  WHERE r.race_id IS NULL
    OR (
      r.region, r.course_id, r.off_time, r.race_name, r.race_type, r.class, r.pattern,
      r.rating_band, r.age_band, r.sex_rest, r.dist_raw, r.dist_f, r.dist_m, r.going,
      r.surface, r.ran
    ) IS DISTINCT FROM (
      s.region, s.course_id, s.off_time, s.race_name, s.race_type, s.class, s.pattern,
      s.rating_band, s.age_band, s.sex_rest, s.dist_raw, s.dist_f, s.dist_m, s.going,
      s.surface, s.ran
    )
), written AS (
  INSERT INTO racing.races (
    race_key, race_date, region, course_id, off_time, race_name, race_type, class,
    pattern, rating_band, age_band, sex_rest, dist_raw, dist_f, dist_m, going, surface,
    ran
  )
  SELECT
    race_key, race_date, region, course_id, off_time, race_name, race_type, class,
    pattern, rating_band, age_band, sex_rest, dist_raw, dist_f, dist_m, going, surface,
    ran
  FROM changes
  ON CONFLICT (race_key, race_date) DO UPDATE
  SET
    region = EXCLUDED.region,
    course_id = EXCLUDED.course_id,
    off_time = EXCLUDED.off_time,
    race_name = EXCLUDED.race_name,
    race_type = EXCLUDED.race_type,
    class = EXCLUDED.class,
    pattern = EXCLUDED.pattern,
    rating_band = EXCLUDED.rating_band,
    age_band = EXCLUDED.age_band,
    sex_rest = EXCLUDED.sex_rest,
    dist_raw = EXCLUDED.dist_raw,
    dist_f = EXCLUDED.dist_f,
    dist_m = EXCLUDED.dist_m,
    going = EXCLUDED.going,
    surface = EXCLUDED.surface,
    ran = EXCLUDED.ran
)
SELECT
  count(*) FILTER (WHERE is_new)::int AS inserted,
  count(*) FILTER (WHERE NOT is_new)::int AS updated
FROM changes
