-- Give each staged name the key of its dimension row, where there is one.
UPDATE staging.names AS n
SET id = CASE n.kind
  WHEN 'horse' THEN (SELECT d.horse_id FROM racing.horses AS d WHERE d.horse_norm = n.norm)
  WHEN 'trainer' THEN (SELECT d.trainer_id FROM racing.trainers AS d WHERE d.trainer_norm = n.norm)
  WHEN 'jockey' THEN (SELECT d.jockey_id FROM racing.jockeys AS d WHERE d.jockey_norm = n.norm)
  WHEN 'owner' THEN (SELECT d.owner_id FROM racing.owners AS d WHERE d.owner_norm = n.norm)
  WHEN 'course' THEN (
    SELECT d.course_id
    FROM racing.courses AS d
    WHERE d.region = %(region)s AND d.course_norm = n.norm
  )
END
WHERE n.id IS NULL AND n.kind <> 'blood'
