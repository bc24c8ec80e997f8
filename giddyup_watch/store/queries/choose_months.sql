-- Months whose rows are counted this time: those of the window, of a share of all months by turns
-- (turn null: of all), of segments with an open gap, and those whose partition is gone or empty.
WITH months AS (
  SELECT month, row_number() OVER (ORDER BY month DESC) - 1 AS place, count(*) OVER () AS total
  FROM (SELECT DISTINCT month FROM racing.ledger_segments) AS known
)
SELECT month
FROM months
WHERE %(turn)s::int IS NULL
  OR place / %(share)s = mod(%(turn)s, (total + %(share)s - 1) / %(share)s)
  OR month BETWEEN date_trunc('month', %(first)s::date) AND %(last)s
  OR month IN (
    SELECT to_date(right(key, 7), 'YYYY-MM')
    FROM racing.data_gaps
    WHERE resolved_at IS NULL AND family = 'count_mismatch'
  )
  OR EXISTS (
    SELECT
    FROM unnest('{races,runners}'::text[]) AS fact (name)
    WHERE coalesce(
      pg_relation_size(to_regclass('racing.' || fact.name || to_char(month, '_YYYY_MM'))) = 0,
      NOT racing.covers_month(to_regclass('racing.' || fact.name), month)
    )
  )
ORDER BY month
