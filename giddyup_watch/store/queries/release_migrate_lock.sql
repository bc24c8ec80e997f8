-- Let the ingest lock go after migrations; false means that it was not ours.
SELECT pg_advisory_unlock(%(lock_id)s::bigint);
