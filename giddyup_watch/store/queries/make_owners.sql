-- Make owners in the order in which they came; those that are there already are not in the answer.
INSERT INTO racing.owners (owner_name)
SELECT x.name
FROM json_array_elements_text(%(names)s::json) WITH ORDINALITY AS x (name, line)
ORDER BY x.line
ON CONFLICT (owner_norm) DO NOTHING
RETURNING owner_name, owner_id
