-- Rights that this session's role lacks to ingest and to keep incidents; for doctor.
WITH needed (schema, name, rights) AS (
  VALUES
    ('racing', 'courses', ARRAY['SELECT', 'INSERT']),
    ('racing', 'horses', ARRAY['SELECT', 'INSERT']),
    ('racing', 'trainers', ARRAY['SELECT', 'INSERT']),
    ('racing', 'jockeys', ARRAY['SELECT', 'INSERT']),
    ('racing', 'owners', ARRAY['SELECT', 'INSERT']),
    ('racing', 'bloodlines', ARRAY['SELECT', 'INSERT']),
    ('racing', 'races', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing', 'runners', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing', 'etl_runs', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing', 'ingested_days', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing', 'ledger_segments', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('racing', 'ledger_days', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing', 'ledger_races', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing', 'ingest_rejects', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('racing', 'derived_views', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('racing', 'ingest_control', ARRAY['SELECT', 'UPDATE']),
    ('racing', 'data_gaps', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('racing', 'verified_segments', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('staging', 'races', ARRAY['SELECT', 'INSERT', 'TRUNCATE']),
    ('staging', 'runners', ARRAY['SELECT', 'INSERT', 'UPDATE', 'TRUNCATE']),
    ('staging', 'names', ARRAY['SELECT', 'INSERT', 'UPDATE', 'TRUNCATE']),
    ('staging', 'pedigrees', ARRAY['SELECT', 'INSERT', 'UPDATE', 'TRUNCATE'])
), found AS (
  SELECT n.schema, n.name, n.rights, c.oid
  FROM needed AS n
  LEFT JOIN pg_namespace AS s ON s.nspname = n.schema
  LEFT JOIN pg_class AS c ON c.relnamespace = s.oid AND c.relname = n.name
)
SELECT string_agg(wanted, ', ') || ' on ' || f.schema || '.' || f.name
FROM found AS f
CROSS JOIN LATERAL unnest(f.rights) AS wanted
WHERE NOT coalesce(has_table_privilege(f.oid, wanted), false)
GROUP BY f.schema, f.name
UNION ALL
SELECT 'USAGE on sequence ' || f.schema || '.' || q.relname
FROM found AS f
JOIN pg_depend AS d ON d.refobjid = f.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'a'
JOIN pg_class AS q ON q.oid = d.objid
WHERE CASE WHEN q.relkind = 'S' THEN NOT has_sequence_privilege(q.oid, 'USAGE') ELSE false END
UNION ALL
SELECT 'USAGE on schema ' || s.nspname
FROM pg_namespace AS s
WHERE s.nspname IN ('racing', 'staging') AND NOT has_schema_privilege(s.oid, 'USAGE')
ORDER BY 1
