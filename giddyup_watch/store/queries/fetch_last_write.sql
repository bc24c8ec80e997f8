-- The run whose end was the last change of the facts that etl_runs knows of. A run that left
-- no stats was killed, or is another loader's: it may have written.
SELECT run_id, finished_at
FROM racing.etl_runs
WHERE finished_at IS NOT NULL
  AND (
    stats IS NULL
    OR jsonb_path_exists(
      stats,
      '$.keyvalue() ? (@.key like_regex "_(inserted|updated|deleted)$" && @.value > 0)',
      silent => true
    )
  )
ORDER BY finished_at DESC
LIMIT 1
