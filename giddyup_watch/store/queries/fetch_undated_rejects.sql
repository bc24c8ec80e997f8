-- What is kept of a segment's lines without a readable date.
SELECT file, line, value, reason
FROM racing.ingest_rejects
WHERE region = %(region)s AND code = %(code)s AND month = %(month)s AND d IS NULL
ORDER BY file, line
