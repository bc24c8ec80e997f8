-- What can be seen of the whole server's writes, and since when it runs: while both are the same,
-- every statement finds the same rows. Locks, sessions and the clock are not in it. The snapshot
-- of a standby does not name what goes on at its primary: there no two are the same.
SELECT
  pg_postmaster_start_time() AS started_at,
  concat_ws(
    ' ', pg_current_snapshot(), CASE WHEN pg_is_in_recovery() THEN clock_timestamp() END
  ) AS seen
