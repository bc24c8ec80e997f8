-- Fill a month's races; ids first, then the columns of ingest.bulk.texts, in its order.
COPY staging.month_races (
  race_id, course_id,
  race_key, race_date, region, off_time, race_name, race_type, class, pattern, rating_band,
  age_band, sex_rest, dist_raw, dist_f, dist_m, going, surface, ran
) FROM STDIN WITH (NULL '')
