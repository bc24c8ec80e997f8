-- Make the horses that nobody named before; the spelling first seen stays.
INSERT INTO racing.horses (horse_name)
SELECT DISTINCT ON (n.norm) n.name
FROM staging.names AS n
WHERE n.kind = 'horse'
  AND NOT EXISTS (SELECT FROM racing.horses AS d WHERE d.horse_norm = n.norm)
ORDER BY n.norm, n.line
ON CONFLICT DO NOTHING
