-- For this transaction: memory to make indexes of a month in, unless there is more already.
-- Also says how many rows of names anybody ever changed or removed; null when nobody counts them.
SELECT
  CASE
    WHEN current_setting('track_counts')::boolean THEN (
      SELECT sum(pg_stat_get_tuples_updated(named) + pg_stat_get_tuples_deleted(named))::bigint
      FROM unnest(
        '{racing.horses,racing.trainers,racing.jockeys,racing.owners,racing.courses,
          racing.bloodlines}'::regclass[]
      ) AS named
    )
  END AS changes,
  CASE
    WHEN pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes(%(memory)s)
    THEN set_config('maintenance_work_mem', %(memory)s, true)
  END AS memory
