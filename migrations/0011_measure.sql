-- Measuring the facts waits for nobody.
--
-- ANALYZE of a partitioned table measures each partition too, and keeps the lock on all of them
-- that sampling takes. After a load autovacuum is at work on the same partitions: it tries for
-- five seconds to give their last empty pages back, which that lock forbids, while ANALYZE waits
-- for it. Twenty years took two minutes in this way, of which two seconds are work. A partition
-- that autovacuum is at is measured by autovacuum.

CREATE OR REPLACE FUNCTION racing.measure_facts() RETURNS void
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
    ANALYZE (SKIP_LOCKED) racing.races (race_id), racing.runners (race_id, horse_id);
  END IF;
END
$$;

-- Foreign keys are checked when a month is attached: by looking its names up, so that a month
-- costs the same however many names there are, not by reading all of them.
ALTER FUNCTION racing.attach_month(date) SET enable_seqscan = off;
