-- Days from first to before next with fewer rows than the ledger says are ours: counted, not
-- compared. What others wrote on such a day can hide it until the nightly proof.
SELECT l.d
FROM (
  SELECT race_date AS d, count(*) AS races, sum(cardinality(runner_keys)) AS runners
  FROM racing.ledger_races
  WHERE owned AND race_date >= %(first)s AND race_date < %(next)s
  GROUP BY race_date
) AS l
LEFT JOIN (
  SELECT race_date AS d, count(*) AS races
  FROM racing.races
  WHERE race_date >= %(first)s AND race_date < %(next)s
  GROUP BY race_date
) AS r ON r.d = l.d
LEFT JOIN (
  SELECT race_date AS d, count(*) AS runners
  FROM racing.runners
  WHERE race_date >= %(first)s AND race_date < %(next)s
  GROUP BY race_date
) AS n ON n.d = l.d
WHERE coalesce(r.races, 0) < l.races OR coalesce(n.runners, 0) < l.runners
