-- Materialized views that rest on the facts: when each was last refreshed.
--
-- A daemon that starts again compares this with racing.etl_runs and knows
-- which views are behind.

CREATE TABLE racing.derived_views (
  view_name text PRIMARY KEY,
  refreshed_at timestamptz,
  run_id bigint,
  seconds float8,
  how text CHECK (how IN ('concurrently', 'plain')),
  error text
);

COMMENT ON TABLE racing.derived_views IS
  'One row per materialized view over the facts: its last good refresh, and the error of a later failed one';
COMMENT ON COLUMN racing.derived_views.view_name IS 'schema and name, quoted where SQL needs it';
COMMENT ON COLUMN racing.derived_views.refreshed_at IS 'the view shows everything committed before this';
COMMENT ON COLUMN racing.derived_views.run_id IS 'the last run that had changed the facts by then';
COMMENT ON COLUMN racing.derived_views.error IS 'why the last attempt failed; null after a good one';

-- For a daemon whose role owns nothing: grant it EXECUTE. It can only cause what the owner of
-- this function may do anyway, and only to a materialized view.
CREATE FUNCTION racing.refresh_view(view regclass) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('REFRESH MATERIALIZED VIEW %s', view);
END
$$;

COMMENT ON FUNCTION racing.refresh_view(regclass) IS
  'Refresh a materialized view with the rights of whoever ran the migrations';

REVOKE EXECUTE ON FUNCTION racing.refresh_view(regclass) FROM public;
