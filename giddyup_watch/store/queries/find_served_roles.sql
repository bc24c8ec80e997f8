-- Roles for whom the daemon's rights were granted: nobody else was given the ledger to write.
SELECT r.rolname
FROM pg_class AS c
CROSS JOIN LATERAL aclexplode(c.relacl) AS had
JOIN pg_roles AS r ON r.oid = had.grantee
WHERE c.oid = to_regclass('racing.ledger_segments')
  AND had.privilege_type = 'INSERT'
  AND had.grantee <> c.relowner
ORDER BY 1
