-- A whole month at once: built in `staging` without an index, then made a partition of its parents.
--
-- The functions act with the rights of the parents' owner, so that the role of a daemon, which
-- owns nothing, can load a tree as quickly. All it can do by them is what it may do anyway: put
-- rows into the facts.

CREATE FUNCTION racing.begin_month() RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  parent text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['races', 'runners'] LOOP
    EXECUTE format(
      'CREATE TABLE staging.%I ('
      ' LIKE racing.%I INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS'
      ' INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)',
      'month_' || parent, parent
    );
    IF session_user <> current_user THEN
      EXECUTE format('GRANT INSERT ON staging.%I TO %I', 'month_' || parent, session_user);
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION racing.begin_month() IS
  'Make staging.month_races and staging.month_runners, for the caller to fill and attach';

-- Indexes, keys and constraints that the parents have are made by ATTACH itself, each over all
-- rows at once, under a lock on the parents that neither readers nor writers of rows wait for.
CREATE FUNCTION racing.attach_month(month date) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  first date := date_trunc('month', month)::date;
  parent text;
  partition text;
  owner name;
BEGIN
  -- The bound of ensure_month.
  IF (first BETWEEN '1700-01-01' AND '2199-12-01') IS NOT TRUE THEN
    RAISE EXCEPTION 'there is no partition for %: months are those of the years 1700 to 2199', month
      USING ERRCODE = 'datetime_field_overflow';
  END IF;
  FOREACH parent IN ARRAY ARRAY['races', 'runners'] LOOP
    SELECT pg_get_userbyid(c.relowner) INTO owner
    FROM pg_class AS c WHERE c.oid = format('staging.%I', 'month_' || parent)::regclass;
    IF owner <> current_user THEN -- whose triggers and expressions we would run
      RAISE EXCEPTION 'staging.month_% was not made by racing.begin_month', parent
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF session_user <> current_user THEN
      EXECUTE format('REVOKE INSERT ON staging.%I FROM %I', 'month_' || parent, session_user);
    END IF;
    partition := parent || to_char(first, '_YYYY_MM');
    EXECUTE format('ALTER TABLE staging.%I RENAME TO %I', 'month_' || parent, partition);
    EXECUTE format('ALTER TABLE staging.%I SET SCHEMA racing', partition);
    SELECT pg_get_userbyid(c.relowner) INTO owner
    FROM pg_class AS c WHERE c.oid = format('racing.%I', parent)::regclass;
    IF owner <> current_user THEN
      EXECUTE format('ALTER TABLE racing.%I OWNER TO %I', partition, owner);
    END IF;
    EXECUTE format(
      'ALTER TABLE racing.%2$I ATTACH PARTITION racing.%1$I FOR VALUES FROM (%3$L) TO (%4$L)',
      partition, parent, first, (first + interval '1 month')::date
    );
  END LOOP;
  -- Under the lock that ATTACH took nobody makes one. Tables in place of views are built after
  -- the triggers that note what changes: rows that no trigger saw would be missing from them.
  PERFORM FROM pg_trigger AS t
  WHERE t.tgrelid IN ('racing.races'::regclass, 'racing.runners'::regclass) AND NOT t.tgisinternal;
  IF FOUND THEN
    RAISE EXCEPTION 'triggers on the facts want to see each row that comes in'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$$;

COMMENT ON FUNCTION racing.attach_month(date) IS
  'Make the partitions of this month of staging.month_races and staging.month_runners';

-- Autovacuum measures partitions, never what they are parts of. Unmeasured, each race is taken to
-- have a two-hundredth of all runners, and the views are computed by one look into every index of
-- race ids for each of them: minutes instead of seconds. Other columns would take ten times as
-- long, those of the full-text indexes first of all.
CREATE FUNCTION racing.measure_facts() RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM
  FROM pg_class AS c
  WHERE c.oid IN ('racing.races'::regclass, 'racing.runners'::regclass)
    AND 2 * c.reltuples < (
      SELECT coalesce(sum(greatest(p.reltuples, 0)), 0)
      FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhrelid
      WHERE i.inhparent = c.oid
    );
  IF FOUND THEN
    ANALYZE racing.races (race_id), racing.runners (race_id, horse_id);
  END IF;
END
$$;

COMMENT ON FUNCTION racing.measure_facts() IS
  'Measure the facts for the planner when they are twice what they were, in the columns that views join and group by';

REVOKE EXECUTE ON FUNCTION racing.begin_month() FROM public;
REVOKE EXECUTE ON FUNCTION racing.attach_month(date) FROM public;
REVOKE EXECUTE ON FUNCTION racing.measure_facts() FROM public;

-- Where a superuser migrates tables of somebody else, as for ensure_month.
DO $$
DECLARE
  owner name := (
    SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'racing.races'::regclass
  );
BEGIN
  IF owner <> current_user
    AND has_schema_privilege(owner, 'racing', 'CREATE')
    AND has_schema_privilege(owner, 'staging', 'CREATE')
  THEN
    EXECUTE format('ALTER FUNCTION racing.begin_month() OWNER TO %I', owner);
    EXECUTE format('ALTER FUNCTION racing.attach_month(date) OWNER TO %I', owner);
    EXECUTE format('ALTER FUNCTION racing.measure_facts() OWNER TO %I', owner);
  END IF;
END
$$;
