-- Let go of the ingest lock; false means that it was not ours, which is an error.
SELECT pg_advisory_unlock(%(lock_id)s::bigint)
