-- A SHA-256 over the names that rows may lead to, up to the given ones, and over the function
-- that names are found by. Names made later change none of it: norms are unique, and the oldest
-- of twins counts.
SELECT sha256(
  convert_to(pg_get_functiondef('racing.norm_text(text)'::regprocedure), 'UTF8')
  || (
    SELECT sha256(coalesce(string_agg(
      record_send(ROW(course_id, region, course_norm)), '' ORDER BY course_id), ''))
    FROM racing.courses
    WHERE course_id <= %(courses)s
  ) || (
    SELECT sha256(coalesce(string_agg(
      record_send(ROW(horse_id, horse_norm)), '' ORDER BY horse_id), ''))
    FROM racing.horses
    WHERE horse_id <= %(horses)s
  ) || (
    SELECT sha256(coalesce(string_agg(
      record_send(ROW(trainer_id, trainer_norm)), '' ORDER BY trainer_id), ''))
    FROM racing.trainers
    WHERE trainer_id <= %(trainers)s
  ) || (
    SELECT sha256(coalesce(string_agg(
      record_send(ROW(jockey_id, jockey_norm)), '' ORDER BY jockey_id), ''))
    FROM racing.jockeys
    WHERE jockey_id <= %(jockeys)s
  ) || (
    SELECT sha256(coalesce(string_agg(
      record_send(ROW(owner_id, owner_norm)), '' ORDER BY owner_id), ''))
    FROM racing.owners
    WHERE owner_id <= %(owners)s
  ) || (
    SELECT sha256(coalesce(string_agg(
      record_send(ROW(blood_id, sire_norm, dam_norm, damsire_norm)), '' ORDER BY blood_id), ''))
    FROM racing.bloodlines
    WHERE blood_id <= %(bloodlines)s
  )
) AS digest
