-- Per folder: the newest day loaded and when it was last loaded.
SELECT region, code, max(d) AS newest_day, max(inserted_at) AS last_loaded, count(*)::int AS days
FROM racing.ingested_days
GROUP BY region, code
ORDER BY region, code
