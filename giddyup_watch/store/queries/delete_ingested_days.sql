-- A day whose last race went is not loaded any more.
DELETE FROM racing.ingested_days
WHERE region = %(region)s AND code = %(code)s AND d = ANY(%(days)s)
