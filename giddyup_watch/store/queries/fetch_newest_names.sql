-- The newest of each kind of name.
SELECT
  (SELECT coalesce(max(course_id), 0) FROM racing.courses) AS courses,
  (SELECT coalesce(max(horse_id), 0) FROM racing.horses) AS horses,
  (SELECT coalesce(max(trainer_id), 0) FROM racing.trainers) AS trainers,
  (SELECT coalesce(max(jockey_id), 0) FROM racing.jockeys) AS jockeys,
  (SELECT coalesce(max(owner_id), 0) FROM racing.owners) AS owners,
  (SELECT coalesce(max(blood_id), 0) FROM racing.bloodlines) AS bloodlines
