-- Make the trainers that nobody named before; the spelling first seen stays.
INSERT INTO racing.trainers (trainer_name)
SELECT DISTINCT ON (norm) name
FROM staging.names
WHERE kind = 'trainer' AND id IS NULL
ORDER BY norm, line
ON CONFLICT DO NOTHING
