-- What was found of each segment that was ever compared with its files, the longest ago first.
SELECT
  region, code, to_char(month, 'YYYY-MM') AS month, result, days, finding, verified_at,
  rests_on IS NOT NULL AS remembered
FROM racing.verified_segments
ORDER BY verified_at, month, region, code
