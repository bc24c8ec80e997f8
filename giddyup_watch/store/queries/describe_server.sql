-- What an operator would ask a server first; for doctor.
SELECT
  current_setting('server_version') AS version,
  pg_encoding_to_char(d.encoding) AS encoding,
  lower('É') = 'é' AS folds_accents,
  clock_timestamp() AS now,
  current_user::text AS role,
  pg_size_pretty(pg_database_size(d.oid)) AS size
FROM pg_database AS d
WHERE d.datname = current_database()
