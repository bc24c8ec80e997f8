-- Make the owners that nobody named before; the spelling first seen stays.
INSERT INTO racing.owners (owner_name)
SELECT DISTINCT ON (norm) name
FROM staging.names
WHERE kind = 'owner' AND id IS NULL
ORDER BY norm, line
ON CONFLICT DO NOTHING
