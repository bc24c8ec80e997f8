-- The dimension row that each name leads to, by its norm; none for a name that leads nowhere.
SELECT x.kind, x.name, CASE x.kind
  WHEN 'horse' THEN (SELECT d.horse_id FROM racing.horses AS d WHERE d.horse_norm = x.norm)
  WHEN 'trainer' THEN (SELECT d.trainer_id FROM racing.trainers AS d WHERE d.trainer_norm = x.norm)
  WHEN 'jockey' THEN (SELECT d.jockey_id FROM racing.jockeys AS d WHERE d.jockey_norm = x.norm)
  WHEN 'owner' THEN (SELECT d.owner_id FROM racing.owners AS d WHERE d.owner_norm = x.norm)
  WHEN 'course' THEN (
    SELECT d.course_id
    FROM racing.courses AS d
    WHERE d.region = %(region)s AND d.course_norm = x.norm
  )
END AS id
FROM (
  SELECT n.pair ->> 0 AS kind, n.pair ->> 1 AS name, racing.norm_text(n.pair ->> 1) AS norm
  FROM json_array_elements(%(names)s::json) AS n (pair)
  OFFSET 0
) AS x
