-- The first lines and cells of some days of a folder that were not loaded as they stand, whole
-- lines first, with those of no day, and how many there are of either; for why.
SELECT
  d AS day, file, line, column_name AS column, value, reason,
  (count(*) FILTER (WHERE column_name IS NULL) OVER ())::int AS lines,
  (count(*) FILTER (WHERE column_name IS NOT NULL) OVER ())::int AS cells
FROM racing.ingest_rejects
WHERE region = %(region)s
  AND code = %(code)s
  AND month = %(month)s
  AND (d IS NULL OR (d >= %(first)s AND d < %(next)s))
ORDER BY column_name IS NOT NULL, d, file, line, column_name
LIMIT %(limit)s
