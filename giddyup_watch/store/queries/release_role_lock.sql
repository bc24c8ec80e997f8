-- Let go of a role lock; false means that it was not ours, which is an error.
SELECT pg_advisory_unlock(%(lock_id)s::int, %(role)s::int)
