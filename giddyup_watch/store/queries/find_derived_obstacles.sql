-- Why the known views cannot be changed over: one that is not there or has other columns, and
-- what hangs on one and would be lost with it. Plain views of others are pointed at the new ones.
WITH known (name, columns) AS (
  VALUES
    (
      'mv_runner_base',
      'runner_id race_id race_date horse_id trainer_id jockey_id pos_num win_flag btn dec win_bsp'
      ' win_ppwap or rpr draw lbs race_type class dist_f surface going course_id'
    ),
    (
      'mv_last_next',
      'horse_id last_runner_id last_race_id last_date last_pos last_btn last_or last_race_type'
      ' last_class last_dist_f last_surface last_going last_course_id next_runner_id next_race_id'
      ' next_date next_pos next_win next_or dsr_next'
    ),
    (
      'mv_draw_bias_flat',
      'course_id surface dist_f_bin draw_quartile n wins win_rate avg_draw'
    )
), found AS (
  SELECT k.name, k.columns, c.oid, c.reltype, c.relkind, c.relispopulated
  FROM known AS k
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'racing'
  LEFT JOIN pg_catalog.pg_class AS c
    ON c.relnamespace = n.oid AND c.relname = k.name AND c.relkind IN ('r', 'm')
), hanging AS (
  SELECT
    f.name,
    coalesce(
      CASE v.relkind WHEN 'm' THEN 'materialized view ' ELSE 'rule on ' END || v.oid::regclass,
      pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
    ) AS what
  FROM found AS f
  JOIN pg_catalog.pg_type AS t ON t.oid = f.reltype
  JOIN pg_catalog.pg_depend AS d
    ON (d.refclassid = 'pg_class'::regclass AND d.refobjid = f.oid)
    OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray))
  LEFT JOIN pg_catalog.pg_rewrite AS r
    ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  LEFT JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class
  WHERE d.deptype <> 'i'
    AND coalesce(v.relkind, '-') <> 'v'
    AND coalesce(v.oid, 0) NOT IN (SELECT oid FROM found WHERE oid IS NOT NULL)
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_index AS i
      WHERE d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid AND i.indrelid = f.oid
    )
)
SELECT 'racing.' || name || ' is not there' FROM found WHERE oid IS NULL
UNION ALL
SELECT format('racing.%s has the columns %s, not %s', f.name, had.columns, f.columns)
FROM found AS f
CROSS JOIN LATERAL (
  SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) AS columns
  FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = f.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS had
WHERE had.columns <> f.columns
UNION ALL
SELECT DISTINCT format('%s rests on racing.%s', what, name) FROM hanging
ORDER BY 1
