-- Stored races of some days by region, day and type; for coverage.
SELECT lower(region) AS region, race_date AS day, race_type, count(*)::int AS races
FROM racing.races
WHERE race_date >= %(first)s AND race_date < %(next)s
GROUP BY 1, 2, 3
