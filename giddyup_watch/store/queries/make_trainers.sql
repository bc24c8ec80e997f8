-- Make trainers in the order in which they came; those that are there already are not in the answer.
INSERT INTO racing.trainers (trainer_name)
SELECT x.name
FROM json_array_elements_text(%(names)s::json) WITH ORDINALITY AS x (name, line)
ORDER BY x.line
ON CONFLICT (trainer_norm) DO NOTHING
RETURNING trainer_name, trainer_id
