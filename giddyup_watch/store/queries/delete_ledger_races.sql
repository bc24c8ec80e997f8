-- Forget provenance: the races left the segment's file.
DELETE FROM racing.ledger_races AS l
USING unnest(%(days)s::date[], %(keys)s::text[]) AS x (race_date, race_key)
WHERE l.region = %(region)s
  AND l.code = %(code)s
  AND l.race_date = x.race_date
  AND l.race_key = x.race_key
