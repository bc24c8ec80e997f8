-- Take the ingest lock for this session; false when another session has it.
SELECT pg_try_advisory_lock(%(lock_id)s::bigint)
