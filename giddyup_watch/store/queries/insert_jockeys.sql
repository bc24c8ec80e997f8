-- Make the jockeys that nobody named before; the spelling first seen stays.
INSERT INTO racing.jockeys (jockey_name)
SELECT DISTINCT ON (norm) name
FROM staging.names
WHERE kind = 'jockey' AND id IS NULL
ORDER BY norm, line
ON CONFLICT DO NOTHING
