-- Try to take the ingest lock for migrations, without waiting.
SELECT pg_try_advisory_lock(%(lock_id)s::bigint);
