-- Stage cleaned races; the columns are those of source.cells.RACE_STAGING, in its order.
COPY staging.races (
  line, race_key, race_date, region, course, off_time, race_name, race_type, class, pattern,
  rating_band, age_band, sex_rest, dist_raw, dist_f, dist_m, going, surface, ran
) FROM STDIN
