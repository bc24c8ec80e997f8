-- What the database must have before anything is made in it: before migrations.
SELECT
  current_setting('server_version_num')::int AS version,
  current_setting('server_encoding') AS encoding,
  lower('É') = 'é' AS folds_accents;
