-- Materialized views that rest on tables of schema racing, directly or through other views,
-- in an order in which each comes after those it rests on, with the state of their last refresh.
-- A view's definition is its rewrite rule; what the rule reads stands in pg_depend.
WITH RECURSIVE reads AS (
  SELECT DISTINCT rule.ev_class AS reader, used.refobjid AS relation
  FROM pg_catalog.pg_rewrite AS rule
  JOIN pg_catalog.pg_depend AS used
    ON used.classid = 'pg_catalog.pg_rewrite'::regclass
    AND used.objid = rule.oid
    AND used.refclassid = 'pg_catalog.pg_class'::regclass
    AND used.refobjid <> rule.ev_class
), rests AS (
  SELECT reader, relation FROM reads
  UNION
  SELECT rests.reader, reads.relation FROM rests JOIN reads ON reads.reader = rests.relation
), derived AS (
  SELECT
    view.oid,
    space.nspname AS schema,
    view.relname AS name,
    quote_ident(space.nspname) || '.' || quote_ident(view.relname) AS full_name,
    view.relispopulated AS populated
  FROM pg_catalog.pg_class AS view
  JOIN pg_catalog.pg_namespace AS space ON space.oid = view.relnamespace
  WHERE view.relkind = 'm'
    AND EXISTS (
      SELECT FROM rests
      JOIN pg_catalog.pg_class AS source ON source.oid = rests.relation
      WHERE rests.reader = view.oid
        AND source.relkind IN ('r', 'p')
        AND source.relnamespace = 'racing'::regnamespace
    )
)
SELECT
  derived.schema,
  derived.name,
  derived.full_name,
  derived.populated,
  -- what REFRESH ... CONCURRENTLY asks for: plain columns of every row, checked at once
  EXISTS (
    SELECT FROM pg_catalog.pg_index AS i
    WHERE i.indrelid = derived.oid
      AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL
      AND 0 < ALL (i.indkey)
  ) AS has_unique_index,
  below.names AS rests_on,
  state.refreshed_at,
  state.run_id
FROM derived
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(other.full_name ORDER BY other.full_name), '{}') AS names
  FROM rests JOIN derived AS other ON other.oid = rests.relation
  WHERE rests.reader = derived.oid
) AS below
LEFT JOIN racing.derived_views AS state ON state.view_name = derived.full_name
ORDER BY cardinality(below.names), derived.full_name
