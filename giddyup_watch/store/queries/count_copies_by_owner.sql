-- Races that a folder's files have of some days and another folder owns, by that one; for why.
SELECT o.region, o.code, count(*)::int
FROM racing.ledger_races AS c
JOIN racing.ledger_races AS o
  ON o.race_date = c.race_date AND o.race_key = c.race_key AND o.owned
WHERE c.region = %(region)s
  AND c.code = %(code)s
  AND c.race_date >= %(first)s
  AND c.race_date < %(next)s
  AND NOT c.owned
  AND c.in_file
  AND o.race_date >= %(first)s
  AND o.race_date < %(next)s
GROUP BY o.region, o.code
ORDER BY 3 DESC, 1, 2
