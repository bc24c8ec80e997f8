-- The table of applied migrations: before the first. The schema may be there
-- already; naming it again would ask for a privilege that is not needed.
DO $$
BEGIN
  IF to_regnamespace('racing') IS NULL THEN
    CREATE SCHEMA racing;
  END IF;
  CREATE TABLE racing.schema_migrations (
    version int PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  );
END
$$;
