-- The server process that really serves this session: to tell a pooler.
SELECT pg_backend_pid();
