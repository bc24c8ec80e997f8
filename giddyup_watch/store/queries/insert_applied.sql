-- Remember a migration: in its transaction.
INSERT INTO racing.schema_migrations (version, name, checksum)
VALUES (%(version)s, %(name)s, %(checksum)s);
