-- Rights that this session's role lacks to ingest; for doctor.
WITH needed (name, rights) AS (
  VALUES
    ('racing.courses', ARRAY['SELECT', 'INSERT']),
    ('racing.horses', ARRAY['SELECT', 'INSERT']),
    ('racing.trainers', ARRAY['SELECT', 'INSERT']),
    ('racing.jockeys', ARRAY['SELECT', 'INSERT']),
    ('racing.owners', ARRAY['SELECT', 'INSERT']),
    ('racing.bloodlines', ARRAY['SELECT', 'INSERT']),
    ('racing.races', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing.runners', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing.etl_runs', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing.ingested_days', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing.ledger_segments', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('racing.ledger_days', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing.ledger_races', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing.ingest_rejects', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('racing.ingest_control', ARRAY['SELECT', 'UPDATE']),
    ('staging.races', ARRAY['SELECT', 'INSERT', 'TRUNCATE']),
    ('staging.runners', ARRAY['SELECT', 'INSERT', 'TRUNCATE']),
    ('staging.names', ARRAY['SELECT', 'INSERT', 'TRUNCATE'])
)
SELECT wanted || ' on ' || n.name
FROM needed AS n
CROSS JOIN LATERAL unnest(n.rights) AS wanted
WHERE NOT coalesce(has_table_privilege(to_regclass(n.name), wanted), false)
ORDER BY n.name, wanted
