-- The migrations that the database has had: to tell which are due.
SELECT version, name, checksum
FROM racing.schema_migrations
ORDER BY version;
