-- Make the horses that nobody named before; the spelling first seen stays.
INSERT INTO racing.horses (horse_name)
SELECT DISTINCT ON (norm) name
FROM staging.names
WHERE kind = 'horse' AND id IS NULL
ORDER BY norm, line
ON CONFLICT DO NOTHING
