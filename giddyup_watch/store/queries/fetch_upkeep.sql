-- How the known views are kept up, what is noted as changed, and what there is of them.
SELECT
  u.tables,
  u.building,
  u.compared_at,
  noted.races,
  noted.since,
  (
    SELECT count(*)
    FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid IN (to_regclass('racing.races'), to_regclass('racing.runners'))
      AND t.tgfoid IN (to_regproc('racing.note_races'), to_regproc('racing.note_runners'))
      AND t.tgenabled IN ('O', 'A')
  ) AS triggers,
  (
    SELECT count(*)
    FROM pg_catalog.pg_class AS c
    WHERE c.relkind = 'r'
      AND c.oid IN (
        to_regclass('racing.mv_runner_base'), to_regclass('racing.mv_last_next'),
        to_regclass('racing.mv_draw_bias_flat')
      )
  ) AS found
FROM racing.derived_upkeep AS u
CROSS JOIN (
  SELECT count(*) AS races, min(noted_at) AS since FROM racing.derived_dirty
) AS noted
