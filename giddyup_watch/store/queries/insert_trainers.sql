-- Make the trainers that nobody named before; the spelling first seen stays.
INSERT INTO racing.trainers (trainer_name)
SELECT DISTINCT ON (n.norm) n.name
FROM staging.names AS n
WHERE n.kind = 'trainer'
  AND NOT EXISTS (SELECT FROM racing.trainers AS d WHERE d.trainer_norm = n.norm)
ORDER BY n.norm, n.line
ON CONFLICT DO NOTHING
