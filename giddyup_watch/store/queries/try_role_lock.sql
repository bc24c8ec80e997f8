-- Take a lock beside the ingest lock: role 1 for the life of the active daemon, 2 for view work.
SELECT pg_try_advisory_lock(%(lock_id)s::int, %(role)s::int)
