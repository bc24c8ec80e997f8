-- The server process that really serves this session: to tell a pooler.
SELECT pg_catalog.pg_backend_pid();
