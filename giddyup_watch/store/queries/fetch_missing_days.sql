-- Open incidents of some days that nothing is on disk of although racing is expected; for coverage.
SELECT region, code, d AS day, finding
FROM racing.data_gaps
WHERE resolved_at IS NULL
  AND check_name = 'missing_days'
  AND d >= %(first)s
  AND d < %(next)s
