-- Month partitions, made when first needed.
--
-- A partition is built beside its parent and attached: ATTACH takes a weaker lock on
-- the parent than CREATE TABLE ... PARTITION OF, and the caller's lock_timeout bounds it.

CREATE FUNCTION racing.covers_month(parent regclass, month date) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  -- The bound is read back from its text, 'FOR VALUES FROM (''2024-01-01'') TO (''2024-02-01'')':
  -- there is no other way to ask. A partition may be wider than a month.
  SELECT EXISTS (
    SELECT
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL regexp_match(
      pg_get_expr(c.relpartbound, c.oid),
      $re$FROM \((?:'([0-9-]{10})[^']*'|MINVALUE)\) TO \((?:'([0-9-]{10})[^']*'|MAXVALUE)\)$re$
    ) AS bound
    WHERE i.inhparent = parent
      AND bound IS NOT NULL
      AND coalesce(bound[1]::date, '-infinity') <= month
      AND coalesce(bound[2]::date, 'infinity') > month
  )
$$;

CREATE FUNCTION racing.ensure_month(month date) RETURNS int
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  first date := date_trunc('month', month)::date;
  made int := 0;
  parent text;
  partition text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['races', 'runners'] LOOP
    CONTINUE WHEN racing.covers_month(format('racing.%I', parent)::regclass, first);
    partition := parent || to_char(first, '_YYYY_MM');
    EXECUTE format(
      'CREATE TABLE racing.%1$I (LIKE racing.%2$I INCLUDING ALL EXCLUDING STATISTICS)',
      partition, parent
    );
    EXECUTE format(
      'ALTER TABLE racing.%2$I ATTACH PARTITION racing.%1$I FOR VALUES FROM (%3$L) TO (%4$L)',
      partition, parent, first, (first + interval '1 month')::date
    );
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

COMMENT ON FUNCTION racing.ensure_month(date) IS
  'Make the partitions of races and runners for the month of this date where missing; how many were made';
