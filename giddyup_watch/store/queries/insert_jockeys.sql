-- Make the jockeys that nobody named before; the spelling first seen stays.
INSERT INTO racing.jockeys (jockey_name)
SELECT DISTINCT ON (n.norm) n.name
FROM staging.names AS n
WHERE n.kind = 'jockey'
  AND NOT EXISTS (SELECT FROM racing.jockeys AS d WHERE d.jockey_norm = n.norm)
ORDER BY n.norm, n.line
ON CONFLICT DO NOTHING
