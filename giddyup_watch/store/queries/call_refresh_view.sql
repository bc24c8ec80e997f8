-- Compute a view anew with the rights of the function's owner, for a role that owns nothing:
-- it is found in the catalog, because the role may not be allowed into its schema.
SELECT racing.refresh_view(
  (
    SELECT c.oid::regclass
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relname = %(name)s
  ),
  %(concurrently)s::boolean
)
