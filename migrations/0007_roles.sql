-- What a daemon whose role owns nothing may cause with the rights of others, and no more than that.
--
-- Each function looks its names up in pg_catalog, and among the caller's temporary objects last:
-- unless pg_temp is named in the path, it comes first, and a temporary table of the caller could
-- stand in for a catalog or a type. Nobody may call them but those whom `migrate --role` names.

ALTER FUNCTION racing.covers_month(regclass, date) SET search_path = pg_catalog, pg_temp;

CREATE OR REPLACE FUNCTION racing.ensure_month(month date) RETURNS int
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  first date := date_trunc('month', month)::date;
  made int := 0;
  parent text;
  partition text;
  owner name;
BEGIN
  -- A bound for what a caller may fill the catalog with, not for what racing there is.
  IF (first BETWEEN '1700-01-01' AND '2199-12-01') IS NOT TRUE THEN
    RAISE EXCEPTION 'there is no partition for %: months are those of the years 1700 to 2199', month
      USING ERRCODE = 'datetime_field_overflow';
  END IF;
  FOREACH parent IN ARRAY ARRAY['races', 'runners'] LOOP
    CONTINUE WHEN racing.covers_month(format('racing.%I', parent)::regclass, first);
    partition := parent || to_char(first, '_YYYY_MM');
    EXECUTE format(
      'CREATE TABLE racing.%1$I (LIKE racing.%2$I INCLUDING ALL EXCLUDING STATISTICS)',
      partition, parent
    );
    -- Else its owner could not alter the parent any more.
    SELECT pg_get_userbyid(c.relowner) INTO owner
    FROM pg_class AS c WHERE c.oid = format('racing.%I', parent)::regclass;
    IF owner <> current_user THEN
      EXECUTE format('ALTER TABLE racing.%I OWNER TO %I', partition, owner);
    END IF;
    EXECUTE format(
      'ALTER TABLE racing.%2$I ATTACH PARTITION racing.%1$I FOR VALUES FROM (%3$L) TO (%4$L)',
      partition, parent, first, (first + interval '1 month')::date
    );
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

REVOKE EXECUTE ON FUNCTION racing.ensure_month(date) FROM public;

-- The views that the daemon finds by itself: materialized, over tables of schema racing, directly
-- or through other views. REFRESH computes a view with the rights of the view's own owner.
DROP FUNCTION racing.refresh_view(regclass);
CREATE FUNCTION racing.refresh_view(view regclass, beside_readers boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
    WITH RECURSIVE rests (relation) AS (
      SELECT c.oid FROM pg_class AS c WHERE c.oid = view AND c.relkind = 'm'
      UNION
      SELECT used.refobjid
      FROM rests
      JOIN pg_rewrite AS rule ON rule.ev_class = rests.relation
      JOIN pg_depend AS used
        ON used.classid = 'pg_rewrite'::regclass
        AND used.objid = rule.oid
        AND used.refclassid = 'pg_class'::regclass
    )
    SELECT
    FROM rests
    JOIN pg_class AS c ON c.oid = rests.relation
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'racing'::regnamespace
  ) THEN
    RAISE EXCEPTION '% is not a materialized view over tables of schema racing', view
      USING ERRCODE = 'wrong_object_type';
  END IF;
  EXECUTE format(
    'REFRESH MATERIALIZED VIEW %s %s',
    CASE WHEN beside_readers THEN 'CONCURRENTLY' ELSE '' END, view
  );
END
$$;

COMMENT ON FUNCTION racing.refresh_view(regclass, boolean) IS
  'Refresh a materialized view over the facts with the rights of whoever ran the migrations';

REVOKE EXECUTE ON FUNCTION racing.refresh_view(regclass, boolean) FROM public;

-- Where a superuser migrates tables of somebody else: making a partition evaluates what the
-- owner wrote into indexes and columns, and that is not for a superuser to run.
DO $$
DECLARE
  owner name := (
    SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'racing.races'::regclass
  );
BEGIN
  IF owner <> current_user AND has_schema_privilege(owner, 'racing', 'CREATE') THEN
    EXECUTE format('ALTER FUNCTION racing.covers_month(regclass, date) OWNER TO %I', owner);
    EXECUTE format('ALTER FUNCTION racing.ensure_month(date) OWNER TO %I', owner);
  END IF;
END
$$;
