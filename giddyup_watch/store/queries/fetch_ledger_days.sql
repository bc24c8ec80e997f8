-- The days of one segment, with what the folder holds of races that another segment owns.
SELECT
  l.d AS day,
  l.state,
  l.reason,
  l.digest,
  l.rules,
  l.held,
  l.accepted,
  i.d IS NOT NULL AS ingested,
  coalesce(c.copies, 0) AS copies,
  coalesce(c.copied_runners, 0) AS copied_runners
FROM racing.ledger_days AS l
LEFT JOIN racing.ingested_days AS i USING (region, code, d)
LEFT JOIN (
  SELECT
    race_date,
    count(*)::int AS copies,
    sum(cardinality(runner_keys))::int AS copied_runners
  FROM racing.ledger_races
  WHERE region = %(region)s
    AND code = %(code)s
    AND race_date >= %(first)s
    AND race_date < %(next)s
    AND NOT owned
    AND in_file
  GROUP BY race_date
) AS c ON c.race_date = l.d
WHERE l.region = %(region)s
  AND l.code = %(code)s
  AND l.d >= %(first)s
  AND l.d < %(next)s
