-- Whether a role is beyond limits, before rights are granted to it; no row when there is none.
SELECT
  r.rolsuper AS superuser,
  coalesce(pg_has_role(r.oid, c.relowner, 'MEMBER'), false) AS owner
FROM pg_roles AS r
LEFT JOIN pg_class AS c ON c.oid = to_regclass('racing.races')
WHERE r.rolname = %(role)s
