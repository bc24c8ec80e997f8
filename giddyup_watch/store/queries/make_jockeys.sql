-- Make jockeys in the order in which they came; those that are there already are not in the answer.
INSERT INTO racing.jockeys (jockey_name)
SELECT x.name
FROM json_array_elements_text(%(names)s::json) WITH ORDINALITY AS x (name, line)
ORDER BY x.line
ON CONFLICT (jockey_norm) DO NOTHING
RETURNING jockey_name, jockey_id
