-- What can be seen of the whole server's writes, and since when it runs: while both are the same,
-- every statement finds the same rows. Locks, sessions and the clock are not in it.
SELECT pg_postmaster_start_time() AS started_at, pg_current_snapshot()::text AS seen
