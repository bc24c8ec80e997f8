-- Who holds the ingest lock: to say so when it stays busy.
SELECT format('%%s (pid %%s, connected since %%s)',
  coalesce(nullif(a.application_name, ''), 'an unnamed session'), l.pid, a.backend_start)
FROM pg_locks AS l
LEFT JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory'
  AND l.granted
  AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.classid::bigint << 32) | l.objid::bigint = %(lock_id)s::bigint;
