-- Months whose rows are counted this time: those of the days asked about, a share of all months by
-- turns (turn null: all; below 0: none), those of segments with an open gap, and those whose
-- partition is gone or empty.
-- A partition's size is asked of the file system only when it was empty when last analyzed: the
-- question takes a lock.
WITH months AS (
  SELECT month, row_number() OVER (ORDER BY month DESC) - 1 AS place, count(*) OVER () AS total
  FROM (SELECT DISTINCT month FROM racing.ledger_segments) AS known
),
suspect AS (
  SELECT m.month
  FROM months AS m
  CROSS JOIN unnest('{races,runners}'::text[]) AS fact (name)
  LEFT JOIN pg_class AS c
    ON c.relnamespace = 'racing'::regnamespace
    AND c.relkind NOT IN ('i', 'I') -- nearly all there is, and for nothing
    AND c.relname = fact.name || to_char(m.month, '_YYYY_MM')
  WHERE CASE
    WHEN c.oid IS NULL THEN NOT racing.covers_month(to_regclass('racing.' || fact.name), m.month)
    ELSE c.relpages = 0 AND pg_relation_size(c.oid) = 0
  END
)
SELECT month
FROM months
WHERE %(turn)s::int IS NULL
  OR place / %(share)s = mod(%(turn)s, (total + %(share)s - 1) / %(share)s)
  OR month = ANY(%(months)s::date[])
  OR month IN (SELECT month FROM suspect)
  OR month IN (
    SELECT to_date(right(key, 7), 'YYYY-MM')
    FROM racing.data_gaps
    WHERE resolved_at IS NULL AND family = 'count_mismatch'
  )
ORDER BY month
