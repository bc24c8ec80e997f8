-- What a role lacks (GRANT) or has beyond its needs (REVOKE) on the objects of this program:
-- one row for each object, with the statement that puts it right; of a role that is not there,
-- that it is to be made (CREATE). Null means the session's role.
--
-- A right is lacking when it is not had in any way; it is too many when it was granted to this
-- very role. The sequences are those that stand in the defaults of tables that take rows: an
-- existing database may have them without an owner.
WITH who AS (
  SELECT oid, rolname FROM pg_roles WHERE rolname = coalesce(%(role)s::text, current_user)
),
listed AS (
  SELECT * FROM unnest(%(kinds)s::text[], %(names)s::text[], %(rights)s::text[])
    AS l (kind, name, privilege)
),
relations AS (
  SELECT DISTINCT l.name, c.oid, c.relacl AS acl
  FROM listed AS l
  JOIN pg_namespace AS n ON n.nspname = split_part(l.name, '.', 1)
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = split_part(l.name, '.', 2)
  WHERE l.kind = 'TABLE'
),
sequences AS (
  SELECT DISTINCT c.oid::regclass::text AS name, c.oid, c.relacl AS acl
  FROM relations AS r
  JOIN listed AS l ON l.kind = 'TABLE' AND l.name = r.name AND l.privilege = 'INSERT'
  JOIN pg_attrdef AS a ON a.adrelid = r.oid
  JOIN pg_depend AS used
    ON used.classid = 'pg_attrdef'::regclass
    AND used.objid = a.oid
    AND used.refclassid = 'pg_class'::regclass
  JOIN pg_class AS c ON c.oid = used.refobjid AND c.relkind = 'S'
),
objects AS (
  SELECT 'DATABASE' AS kind, quote_ident(datname) AS name, oid, datacl AS acl
  FROM pg_database WHERE datname = current_database()
  UNION ALL
  SELECT 'SCHEMA', n.nspname, n.oid, n.nspacl
  FROM listed AS l JOIN pg_namespace AS n ON n.nspname = l.name
  WHERE l.kind = 'SCHEMA'
  UNION ALL
  SELECT 'TABLE', name, oid, acl FROM relations
  UNION ALL
  SELECT 'SEQUENCE', name, oid, acl FROM sequences
  UNION ALL
  SELECT 'FUNCTION', l.name, p.oid, p.proacl
  FROM listed AS l
  JOIN pg_namespace AS n ON n.nspname = split_part(l.name, '.', 1)
  JOIN pg_proc AS p ON p.pronamespace = n.oid AND p.oid::regprocedure::text = l.name
  WHERE l.kind = 'FUNCTION'
),
needed AS (
  SELECT o.kind, o.name, o.oid, l.privilege
  FROM objects AS o
  JOIN listed AS l ON l.kind = o.kind AND l.name IN (o.name, '')
),
judged AS (
  SELECT
    'GRANT' AS verb, n.kind, n.name, n.privilege,
    CASE n.kind
      WHEN 'DATABASE' THEN has_database_privilege(who.oid, n.oid, n.privilege)
      WHEN 'SCHEMA' THEN has_schema_privilege(who.oid, n.oid, n.privilege)
      WHEN 'TABLE' THEN has_table_privilege(who.oid, n.oid, n.privilege)
      WHEN 'SEQUENCE' THEN has_sequence_privilege(who.oid, n.oid, n.privilege)
      ELSE has_function_privilege(who.oid, n.oid, n.privilege)
    END AS well
  FROM needed AS n CROSS JOIN who
  UNION ALL
  SELECT
    'REVOKE', o.kind, o.name, had.privilege_type,
    EXISTS (SELECT FROM needed AS n WHERE n.oid = o.oid AND n.privilege = had.privilege_type)
  FROM objects AS o
  CROSS JOIN who
  CROSS JOIN LATERAL aclexplode(o.acl) AS had
  WHERE had.grantee = who.oid
)
SELECT
  verb,
  string_agg(privilege, ', ' ORDER BY privilege) || ' ON ' || kind || ' ' || name AS rights,
  format(
    '%%s %%s ON %%s %%s %%s %%I',
    verb, string_agg(privilege, ', ' ORDER BY privilege), kind, name,
    CASE verb WHEN 'GRANT' THEN 'TO' ELSE 'FROM' END, (SELECT rolname FROM who)
  ) AS statement,
  array_position('{DATABASE,SCHEMA,TABLE,SEQUENCE,FUNCTION}'::text[], kind) AS place,
  name
FROM judged
WHERE NOT well
GROUP BY verb, kind, name
UNION ALL
SELECT 'CREATE', 'LOGIN', format('CREATE ROLE %%I LOGIN', %(role)s::text), 0, ''
WHERE NOT EXISTS (SELECT FROM who)
ORDER BY verb, place, name
