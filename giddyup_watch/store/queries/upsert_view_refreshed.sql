-- Note a refresh, in its own transaction: now() is before the snapshot that the view shows.
INSERT INTO racing.derived_views (view_name, refreshed_at, run_id, seconds, how)
VALUES (
  %(view_name)s,
  now(),
  %(run_id)s,
  extract(epoch FROM clock_timestamp() - now()),
  %(how)s
)
ON CONFLICT (view_name) DO UPDATE
SET
  refreshed_at = excluded.refreshed_at,
  run_id = excluded.run_id,
  seconds = excluded.seconds,
  how = excluded.how,
  error = NULL
RETURNING seconds
