-- Make horses in the order in which they came; those that are there already are not in the answer.
INSERT INTO racing.horses (horse_name)
SELECT x.name
FROM json_array_elements_text(%(names)s::json) WITH ORDINALITY AS x (name, line)
ORDER BY x.line
ON CONFLICT (horse_norm) DO NOTHING
RETURNING horse_name, horse_id
