-- Make bloodlines in the order in which they came; those that are there already are not in the
-- answer. All three names are known: none of these is unlike another for want of one.
INSERT INTO racing.bloodlines (sire, dam, damsire)
SELECT x.sire, x.dam, x.damsire
FROM ROWS FROM (
  json_array_elements_text(%(sires)s::json),
  json_array_elements_text(%(dams)s::json),
  json_array_elements_text(%(damsires)s::json)
) WITH ORDINALITY AS x (sire, dam, damsire, line)
ORDER BY x.line
ON CONFLICT (sire_norm, dam_norm, damsire_norm) DO NOTHING
RETURNING sire, dam, damsire, blood_id
