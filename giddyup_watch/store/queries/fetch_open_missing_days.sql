-- Days that the gap check missing_days has open: what was said of them, for it to say again.
SELECT region, d AS day, key, finding AS text, item
FROM racing.data_gaps
WHERE family = 'missing_days' AND resolved_at IS NULL
ORDER BY key
