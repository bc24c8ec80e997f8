-- Whether migrations were ever applied here: an untouched database has no table of them.
SELECT to_regclass('racing.schema_migrations') IS NOT NULL;
