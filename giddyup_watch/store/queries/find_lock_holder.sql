-- Name the session that holds the ingest lock (role null) or a role lock, in this database.
-- A bigint key is split over classid and objid with objsubid 1, a pair of ints has objsubid 2.
SELECT
  l.pid,
  coalesce(a.application_name, '') AS application,
  coalesce(a.usename, '') AS username,
  coalesce(host(a.client_addr), 'local') AS client,
  a.backend_start AS since
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory'
  AND l.granted
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND CASE
    WHEN %(role)s::int IS NULL THEN
      l.objsubid = 1
      AND l.classid::bigint = (%(lock_id)s::bigint >> 32)
      AND l.objid::bigint = (%(lock_id)s::bigint & 4294967295)
    ELSE
      l.objsubid = 2
      AND l.classid::bigint = %(lock_id)s::bigint
      AND l.objid::bigint = %(role)s::bigint
  END
LIMIT 1
