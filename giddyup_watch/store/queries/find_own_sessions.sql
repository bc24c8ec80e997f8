-- Sessions of this program in this database, other than the one that asks.
SELECT
  a.pid,
  a.application_name AS application,
  coalesce(a.usename, '') AS username,
  coalesce(host(a.client_addr), 'local') AS client,
  a.backend_start AS since
FROM pg_stat_activity AS a
WHERE a.datname = current_database()
  AND a.pid <> pg_backend_pid()
  AND starts_with(a.application_name, 'giddyup-watch ')
ORDER BY a.backend_start, a.pid
