-- Forget the rejects of days about to be decided anew, and of lines without a date.
DELETE FROM racing.ingest_rejects
WHERE region = %(region)s
  AND code = %(code)s
  AND month = %(month)s
  AND (d IS NULL OR d = ANY(%(days)s))
