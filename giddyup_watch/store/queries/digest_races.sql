-- The races of a month, each with a SHA-256 over its columns: the row in the wire's binary form,
-- which has the lengths of its fields and so is of one row only.
-- The fields are those that the program computes of a file's line, in that order.
SELECT
  r.race_id, r.race_key, r.race_date, lower(r.region) AS region, r.race_type,
  sha256(
    record_send(
      ROW(
        r.region, r.course_id, r.off_time, r.race_name, r.race_type, r.class, r.pattern,
        r.rating_band, r.age_band, r.sex_rest, r.dist_raw, r.dist_f, r.dist_m, r.going,
        r.surface, r.ran
      )
    )
  ) AS digest
FROM racing.races AS r
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
