-- Whose the races of a month are, folder by folder, without their runners.
SELECT region, code, race_date AS day, race_key, digest, owned, in_file
FROM racing.ledger_races
WHERE race_date >= %(first)s
  AND race_date < %(next)s
