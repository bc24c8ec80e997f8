-- Make the owners that nobody named before; the spelling first seen stays.
INSERT INTO racing.owners (owner_name)
SELECT DISTINCT ON (n.norm) n.name
FROM staging.names AS n
WHERE n.kind = 'owner'
  AND NOT EXISTS (SELECT FROM racing.owners AS d WHERE d.owner_norm = n.norm)
ORDER BY n.norm, n.line
ON CONFLICT DO NOTHING
