-- The three known views as tables that are kept up: `giddyup-watch derived incremental`.
--
-- While they are tables, triggers on races and runners note which races changed, whoever
-- changed them, in the transaction that did. An ingest works its own notes off before it
-- commits; the daemon works off those of others. What no trigger can see (a write that names
-- a partition, a partition attached) is found by comparing. Until the change-over there is
-- no trigger, and nothing here costs anything.
--
-- A race is derived anew as a whole, its runners and their horses' neighbouring runs with it;
-- only rows that differ are written. What the views show of each race before a change is still
-- in them, so that a note needs no more than the race and the days on which its rows may be.

CREATE TABLE racing.derived_upkeep (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  tables boolean NOT NULL DEFAULT false,
  building boolean NOT NULL DEFAULT false,
  built_at timestamptz,
  compared_at timestamptz
);
INSERT INTO racing.derived_upkeep DEFAULT VALUES;

COMMENT ON TABLE racing.derived_upkeep IS
  'Whether the known views are tables that are kept up; whoever changes those holds this row';
COMMENT ON COLUMN racing.derived_upkeep.building IS
  'they are being built anew beside what readers see; nothing else is worked off';

CREATE TABLE racing.derived_dirty (
  noted_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
  noted_at timestamptz NOT NULL DEFAULT now(),
  race_id bigint,
  race_date date,
  horse_id bigint,
  anywhere boolean NOT NULL DEFAULT false
);
CREATE INDEX derived_dirty_noted_by ON racing.derived_dirty (noted_by);

COMMENT ON TABLE racing.derived_dirty IS
  'Races that changed since the tables in place of views were brought up; empty: they are equal to their definitions';
COMMENT ON COLUMN racing.derived_dirty.race_id IS
  'null with a date: any race of that month; null without one, and without a horse: any race at all';
COMMENT ON COLUMN racing.derived_dirty.anywhere IS 'its runners may be on days that nobody noted';

CREATE TABLE racing.derived_definitions (
  view_name text PRIMARY KEY,
  definition text NOT NULL
);
COMMENT ON TABLE racing.derived_definitions IS
  'What the known views were before they became tables, for the way back';

-- What the views do not show and keeping them up needs: no constraints, they are built anew
-- with the others.
CREATE TABLE racing.derived_races (race_id bigint, race_date date, off_time time);
CREATE INDEX derived_races_race ON racing.derived_races (race_id);
CREATE TABLE racing.derived_draws (
  group_key text,
  course_id bigint,
  surface text,
  dist_f_bin numeric,
  draw_quartile int,
  n bigint,
  wins bigint,
  judged bigint,
  draws bigint
);
CREATE UNIQUE INDEX derived_draws_key ON racing.derived_draws (group_key);

COMMENT ON TABLE racing.derived_races IS
  'Day and time of the races in mv_runner_base, in one piece: what runs of one day are ordered by';
COMMENT ON TABLE racing.derived_draws IS
  'The sums behind the averages of mv_draw_bias_flat; judged: rows that tell whether they won';

-- Up to this many races a statement's changes are noted one by one, beyond it by month.
CREATE FUNCTION racing.derived_flood() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN 2000;

CREATE FUNCTION racing.note_runners() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO racing.derived_dirty DEFAULT VALUES;
  ELSIF TG_OP = 'INSERT' THEN
    WITH changed AS MATERIALIZED (SELECT DISTINCT race_id, race_date FROM new_rows)
    INSERT INTO racing.derived_dirty (race_id, race_date)
    SELECT race_id, race_date FROM changed
    WHERE (SELECT count(*) FROM changed) <= racing.derived_flood()
    UNION ALL
    SELECT DISTINCT NULL::bigint, date_trunc('month', race_date)::date FROM changed
    WHERE (SELECT count(*) FROM changed) > racing.derived_flood();
  ELSIF TG_OP = 'DELETE' THEN
    WITH changed AS MATERIALIZED (SELECT DISTINCT race_id, race_date FROM old_rows)
    INSERT INTO racing.derived_dirty (race_id, race_date)
    SELECT race_id, race_date FROM changed
    WHERE (SELECT count(*) FROM changed) <= racing.derived_flood()
    UNION ALL
    SELECT DISTINCT NULL::bigint, date_trunc('month', race_date)::date FROM changed
    WHERE (SELECT count(*) FROM changed) > racing.derived_flood();
  ELSE
    WITH before AS (
      SELECT runner_id, race_id, race_date, horse_id, trainer_id, jockey_id, pos_num, win_flag,
        btn, dec, win_bsp, win_ppwap, "or", rpr, draw, lbs
      FROM old_rows
    ), after AS (
      SELECT runner_id, race_id, race_date, horse_id, trainer_id, jockey_id, pos_num, win_flag,
        btn, dec, win_bsp, win_ppwap, "or", rpr, draw, lbs
      FROM new_rows
    ), changed AS MATERIALIZED (
      SELECT DISTINCT race_id, race_date
      FROM (
        (TABLE before EXCEPT ALL TABLE after) UNION ALL (TABLE after EXCEPT ALL TABLE before)
      ) AS differing
    )
    INSERT INTO racing.derived_dirty (race_id, race_date)
    SELECT race_id, race_date FROM changed
    WHERE (SELECT count(*) FROM changed) <= racing.derived_flood()
    UNION ALL
    SELECT DISTINCT NULL::bigint, date_trunc('month', race_date)::date FROM changed
    WHERE (SELECT count(*) FROM changed) > racing.derived_flood();
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION racing.note_races() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO racing.derived_dirty DEFAULT VALUES;
  ELSIF TG_OP = 'INSERT' THEN
    -- A race may come after its runners, which then are nobody knows where.
    WITH changed AS MATERIALIZED (SELECT DISTINCT race_id, race_date FROM new_rows)
    INSERT INTO racing.derived_dirty (race_id, race_date, anywhere)
    SELECT race_id, race_date, true FROM changed
    WHERE (SELECT count(*) FROM changed) <= racing.derived_flood()
    UNION ALL
    SELECT DISTINCT NULL::bigint, date_trunc('month', race_date)::date, false FROM changed
    WHERE (SELECT count(*) FROM changed) > racing.derived_flood();
  ELSIF TG_OP = 'DELETE' THEN
    WITH changed AS MATERIALIZED (SELECT DISTINCT race_id, race_date FROM old_rows)
    INSERT INTO racing.derived_dirty (race_id, race_date)
    SELECT race_id, race_date FROM changed
    WHERE (SELECT count(*) FROM changed) <= racing.derived_flood()
    UNION ALL
    SELECT DISTINCT NULL::bigint, date_trunc('month', race_date)::date FROM changed
    WHERE (SELECT count(*) FROM changed) > racing.derived_flood();
  ELSE
    WITH before AS (
      SELECT race_id, race_date, off_time, race_type, class, dist_f, surface, going, course_id
      FROM old_rows
    ), after AS (
      SELECT race_id, race_date, off_time, race_type, class, dist_f, surface, going, course_id
      FROM new_rows
    ), changed AS MATERIALIZED (
      SELECT DISTINCT race_id, race_date
      FROM (
        (TABLE before EXCEPT ALL TABLE after) UNION ALL (TABLE after EXCEPT ALL TABLE before)
      ) AS differing
    )
    INSERT INTO racing.derived_dirty (race_id, race_date, anywhere)
    SELECT c.race_id, c.race_date, NOT EXISTS (SELECT FROM before AS b WHERE b.race_id = c.race_id)
    FROM changed AS c
    WHERE (SELECT count(*) FROM changed) <= racing.derived_flood()
    UNION ALL
    SELECT DISTINCT NULL::bigint, date_trunc('month', race_date)::date, false FROM changed
    WHERE (SELECT count(*) FROM changed) > racing.derived_flood();
  END IF;
  RETURN NULL;
END
$$;

-- Make the tables equal to their definitions for these races, and for all runs of these horses.
-- The caller holds the row of derived_upkeep. Plans are made for the days at hand, so that a
-- partition that has none of them is not even opened.
CREATE FUNCTION racing.derive(noted_races bigint[], noted_days date[], noted_horses bigint[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
  days date[];
  moved bigint[];
  horses bigint[];
  firsts date[];
  lasts date[];
  groups text[];
BEGIN
  SELECT array_agg(d) INTO days
  FROM (
    SELECT unnest(noted_days)
    UNION SELECT race_date FROM racing.mv_runner_base WHERE race_id = ANY (noted_races)
    UNION SELECT race_date FROM racing.derived_races WHERE race_id = ANY (noted_races)
  ) AS known (d);

  WITH fresh AS MATERIALIZED (
    SELECT race_id, race_date, off_time
    FROM racing.races
    WHERE race_date = ANY (days) AND race_id = ANY (noted_races)
  ), gone AS (
    DELETE FROM racing.derived_races AS d
    WHERE d.race_id = ANY (noted_races)
      AND NOT EXISTS (
        SELECT FROM fresh AS f
        WHERE f.race_id = d.race_id
          AND f.race_date = d.race_date
          AND f.off_time IS NOT DISTINCT FROM d.off_time
      )
    RETURNING d.race_id
  ), put AS (
    INSERT INTO racing.derived_races (race_id, race_date, off_time)
    SELECT f.race_id, f.race_date, f.off_time
    FROM fresh AS f
    WHERE NOT EXISTS (
      SELECT FROM racing.derived_races AS d
      WHERE f.race_id = d.race_id
        AND f.race_date = d.race_date
        AND f.off_time IS NOT DISTINCT FROM d.off_time
    )
    RETURNING race_id
  )
  SELECT array_agg(race_id) INTO moved FROM (TABLE gone UNION TABLE put) AS either;

  WITH fresh AS MATERIALIZED (
    SELECT
      r.runner_id, r.race_id, r.race_date, r.horse_id, r.trainer_id, r.jockey_id,
      r.pos_num, r.win_flag, r.btn, r.dec, r.win_bsp, r.win_ppwap,
      r."or", r.rpr, r.draw, r.lbs,
      ra.race_type, ra.class, ra.dist_f, ra.surface, ra.going, ra.course_id
    FROM racing.runners AS r
    JOIN racing.races AS ra ON ra.race_id = r.race_id
    WHERE r.race_date = ANY (days) AND r.race_id = ANY (noted_races)
      AND ra.race_date = ANY (days) AND ra.race_id = ANY (noted_races)
  ), kept AS MATERIALIZED (
    SELECT * FROM racing.mv_runner_base WHERE race_id = ANY (noted_races)
  ), changed AS MATERIALIZED (
    SELECT DISTINCT runner_id
    FROM (
      (TABLE fresh EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE fresh)
    ) AS differing
  ), gone AS (
    DELETE FROM racing.mv_runner_base
    WHERE race_id = ANY (noted_races) AND runner_id IN (SELECT runner_id FROM changed)
    RETURNING *
  ), put AS (
    INSERT INTO racing.mv_runner_base
    SELECT * FROM fresh
    -- The count makes the deletion come first: there may be a unique index.
    WHERE runner_id IN (SELECT runner_id FROM changed) AND (SELECT count(*) FROM gone) >= 0
    RETURNING *
  ), touched AS MATERIALIZED (
    SELECT -1 AS sign, gone.* FROM gone
    UNION ALL
    SELECT 1, put.* FROM put
  ), runs AS (
    SELECT horse_id, min(race_date) AS first, max(race_date) AS last
    FROM (
      SELECT horse_id, race_date, pos_num FROM touched
      UNION ALL
      SELECT horse_id, race_date, pos_num FROM kept WHERE race_id = ANY (moved)
      UNION ALL
      SELECT h, d, 1 FROM unnest(noted_horses) AS h CROSS JOIN unnest('{-infinity,infinity}'::date[]) AS d
    ) AS run
    WHERE horse_id IS NOT NULL AND pos_num IS NOT NULL
    GROUP BY horse_id
  ), sums AS (
    SELECT
      course_id, surface, round(dist_f::numeric, 1) AS dist_f_bin,
      width_bucket(draw, 1, 40, 4) AS draw_quartile,
      sum(sign) AS n,
      coalesce(sum(sign * win_flag::int), 0) AS wins,
      sum(sign * (win_flag IS NOT NULL)::int) AS judged,
      sum(sign * draw) AS draws
    FROM touched
    WHERE race_type = 'Flat' AND draw IS NOT NULL AND dist_f IS NOT NULL
    GROUP BY 1, 2, 3, 4
  ), summed AS (
    INSERT INTO racing.derived_draws AS d
      (group_key, course_id, surface, dist_f_bin, draw_quartile, n, wins, judged, draws)
    SELECT
      ROW(course_id, surface, dist_f_bin, draw_quartile)::text,
      course_id, surface, dist_f_bin, draw_quartile, n, wins, judged, draws
    FROM sums
    WHERE (n, wins, judged, draws) <> (0, 0, 0, 0)
    ON CONFLICT (group_key) DO UPDATE
    SET
      n = d.n + excluded.n,
      wins = d.wins + excluded.wins,
      judged = d.judged + excluded.judged,
      draws = d.draws + excluded.draws
    RETURNING group_key
  )
  SELECT
    (SELECT array_agg(group_key) FROM summed),
    array_agg(horse_id), array_agg(first), array_agg(last)
  INTO groups, horses, firsts, lasts
  FROM runs;

  IF groups IS NOT NULL THEN
    DELETE FROM racing.mv_draw_bias_flat AS m
    WHERE ROW(m.course_id, m.surface, m.dist_f_bin, m.draw_quartile)::text = ANY (groups);
    DELETE FROM racing.derived_draws WHERE group_key = ANY (groups) AND n = 0;
    INSERT INTO racing.mv_draw_bias_flat
    SELECT
      course_id, surface, dist_f_bin, draw_quartile, n,
      CASE WHEN judged > 0 THEN wins END,
      wins::numeric / nullif(judged, 0), draws::numeric / n
    FROM racing.derived_draws
    WHERE group_key = ANY (groups);
  END IF;

  IF horses IS NULL THEN
    RETURN;
  END IF;
  -- From the run before the first that changed to the one after the last, as far as there are any.
  WITH spans AS MATERIALIZED (
    SELECT
      t.horse_id, t.last,
      coalesce((
        SELECT b.race_date FROM racing.mv_runner_base AS b
        WHERE b.horse_id = t.horse_id AND b.race_date < t.first AND b.pos_num IS NOT NULL
        ORDER BY b.race_date DESC LIMIT 1
      ), t.first) AS since,
      coalesce((
        SELECT b.race_date FROM racing.mv_runner_base AS b
        WHERE b.horse_id = t.horse_id AND b.race_date > t.last AND b.pos_num IS NOT NULL
        ORDER BY b.race_date LIMIT 1
      ), t.last) AS till
    FROM unnest(horses, firsts, lasts) AS t (horse_id, first, last)
  ), runs AS (
    SELECT
      b.*, s.last,
      lead(b.runner_id) OVER later AS next_runner_id,
      lead(b.race_id) OVER later AS next_race_id,
      lead(b.race_date) OVER later AS next_date,
      lead(b.pos_num) OVER later AS next_pos,
      lead(b.win_flag) OVER later AS next_win,
      lead(b."or") OVER later AS next_or
    FROM spans AS s
    JOIN racing.mv_runner_base AS b
      ON b.horse_id = s.horse_id
      AND b.race_date BETWEEN s.since AND s.till
      AND b.pos_num IS NOT NULL
    WINDOW later AS (
      PARTITION BY b.horse_id
      ORDER BY
        b.race_date,
        (SELECT min(d.off_time) FROM racing.derived_races AS d WHERE d.race_id = b.race_id),
        b.race_id, b.runner_id
    )
  ), fresh AS MATERIALIZED (
    SELECT
      horse_id, runner_id AS last_runner_id, race_id, race_date, pos_num, btn, "or", race_type,
      class, dist_f, surface, going, course_id, next_runner_id, next_race_id, next_date, next_pos,
      next_win, next_or, next_date - race_date
    FROM runs
    WHERE next_race_id IS NOT NULL AND race_date <= last
  ), kept AS MATERIALIZED (
    SELECT m.*
    FROM spans AS s
    JOIN racing.mv_last_next AS m
      ON m.horse_id = s.horse_id AND m.last_date BETWEEN s.since AND s.last
  ), changed AS MATERIALIZED (
    SELECT DISTINCT horse_id, last_runner_id
    FROM (
      (TABLE fresh EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE fresh)
    ) AS differing
  ), gone AS (
    DELETE FROM racing.mv_last_next AS m
    USING changed AS c
    WHERE m.horse_id = c.horse_id AND m.last_runner_id = c.last_runner_id
    RETURNING 1
  )
  INSERT INTO racing.mv_last_next
  SELECT f.*
  FROM fresh AS f
  JOIN changed AS c ON c.horse_id = f.horse_id AND c.last_runner_id = f.last_runner_id
  WHERE (SELECT count(*) FROM gone) >= 0;
END
$$;

CREATE FUNCTION racing.derive_own() RETURNS int
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
DECLARE
  races bigint[];
  days date[];
BEGIN
  PERFORM FROM racing.derived_dirty WHERE noted_by = pg_current_xact_id() LIMIT 1;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  PERFORM FROM racing.derived_upkeep WHERE tables AND NOT building FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  WITH taken AS (
    DELETE FROM racing.derived_dirty
    WHERE noted_by = pg_current_xact_id() AND race_id IS NOT NULL
    RETURNING race_id, race_date
  )
  SELECT array_agg(DISTINCT race_id), array_agg(DISTINCT race_date) INTO races, days FROM taken;
  IF races IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM racing.derive(races, days, '{}');
  RETURN cardinality(races);
END
$$;

COMMENT ON FUNCTION racing.derive_own() IS
  'Bring the tables in place of views up to what this transaction changed of the facts; how many races that was';

-- Note the races of these months, or of all, whose rows differ from what the definition gives
-- and that nobody noted; how many there are. Chunks of them are noted as if by transactions
-- before all others.
CREATE FUNCTION racing.note_differences(months date[]) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET plan_cache_mode = force_custom_plan
SET jit = off
SET work_mem = '64MB'
AS $$
DECLARE
  since date := coalesce((SELECT min(m) FROM unnest(months) AS m), '-infinity');
  till date := coalesce((SELECT max(m) + interval '1 month' FROM unnest(months) AS m), 'infinity');
  found bigint;
BEGIN
  WITH fresh AS (
    SELECT race_id, race_date, count(*) AS n, sum(hash_record_extended(f, 0)) AS hash
    FROM (
      SELECT
        r.runner_id, r.race_id, r.race_date, r.horse_id, r.trainer_id, r.jockey_id,
        r.pos_num, r.win_flag, r.btn, r.dec, r.win_bsp, r.win_ppwap,
        r."or", r.rpr, r.draw, r.lbs,
        ra.race_type, ra.class, ra.dist_f, ra.surface, ra.going, ra.course_id
      FROM racing.runners AS r
      JOIN racing.races AS ra ON ra.race_id = r.race_id
      WHERE r.race_date >= since AND r.race_date < till
    ) AS f
    GROUP BY race_id, race_date
  ), kept AS (
    SELECT race_id, race_date, count(*) AS n, sum(hash_record_extended(b, 0)) AS hash
    FROM racing.mv_runner_base AS b
    WHERE race_date >= since AND race_date < till
    GROUP BY race_id, race_date
  ), times AS (
    SELECT race_id, race_date, count(*) AS n, sum(hash_record_extended(ROW(off_time), 0)) AS hash
    FROM racing.races
    WHERE race_date >= since AND race_date < till
    GROUP BY race_id, race_date
  ), kept_times AS (
    SELECT race_id, race_date, count(*) AS n, sum(hash_record_extended(ROW(off_time), 0)) AS hash
    FROM racing.derived_races
    WHERE race_date >= since AND race_date < till
    GROUP BY race_id, race_date
  ), differing AS (
    SELECT race_id, race_date
    FROM fresh FULL JOIN kept USING (race_id, race_date)
    WHERE (fresh.n, fresh.hash) IS DISTINCT FROM (kept.n, kept.hash)
    UNION
    SELECT race_id, race_date
    FROM times FULL JOIN kept_times USING (race_id, race_date)
    WHERE (times.n, times.hash) IS DISTINCT FROM (kept_times.n, kept_times.hash)
  ), noted AS (
    INSERT INTO racing.derived_dirty (noted_by, race_id, race_date, anywhere)
    SELECT
      (1 + row_number() OVER (ORDER BY race_date, race_id) / 500)::text::xid8,
      race_id, race_date, true
    FROM differing
    WHERE (months IS NULL OR date_trunc('month', race_date) = ANY (months))
      AND NOT EXISTS (SELECT FROM racing.derived_dirty AS d WHERE d.race_id = differing.race_id)
    RETURNING race_id
  )
  SELECT count(DISTINCT race_id) INTO found FROM noted;
  RETURN found;
END
$$;

CREATE FUNCTION racing.derive_noted(most int) RETURNS int
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  months date[];
  everything boolean;
  upto xid8;
  races bigint[];
  days date[];
  horses bigint[];
  astray bigint[];
BEGIN
  PERFORM FROM racing.derived_upkeep WHERE tables AND NOT building FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  WITH taken AS (
    DELETE FROM racing.derived_dirty
    WHERE race_id IS NULL AND horse_id IS NULL
    RETURNING race_date
  )
  SELECT array_agg(DISTINCT race_date), bool_or(race_date IS NULL)
  INTO months, everything
  FROM taken;
  IF months IS NOT NULL THEN
    PERFORM racing.note_differences(CASE WHEN NOT everything THEN months END);
    RETURN cardinality(months);
  END IF;
  -- A runner that went from one race to another was noted with both by one transaction.
  SELECT noted_by INTO upto FROM racing.derived_dirty ORDER BY noted_by LIMIT 1 OFFSET most - 1;
  WITH taken AS (
    DELETE FROM racing.derived_dirty
    WHERE upto IS NULL OR noted_by <= upto
    RETURNING race_id, race_date, horse_id, anywhere
  )
  SELECT
    coalesce(array_agg(DISTINCT race_id) FILTER (WHERE race_id IS NOT NULL), '{}'),
    coalesce(array_agg(DISTINCT race_date) FILTER (WHERE race_date IS NOT NULL), '{}'),
    coalesce(array_agg(DISTINCT horse_id) FILTER (WHERE horse_id IS NOT NULL), '{}'),
    coalesce(array_agg(DISTINCT race_id) FILTER (WHERE anywhere), '{}')
  INTO races, days, horses, astray
  FROM taken;
  IF cardinality(races) + cardinality(horses) = 0 THEN
    RETURN 0;
  END IF;
  IF cardinality(astray) > 0 THEN
    SELECT array_agg(d) INTO days
    FROM (
      SELECT unnest(days)
      UNION SELECT race_date FROM racing.runners WHERE race_id = ANY (astray)
      UNION SELECT race_date FROM racing.races WHERE race_id = ANY (astray)
    ) AS known (d);
  END IF;
  PERFORM racing.derive(races, days, horses);
  RETURN cardinality(races) + cardinality(horses);
END
$$;

COMMENT ON FUNCTION racing.derive_noted(int) IS
  'Bring the tables in place of views up to some of what is noted as changed; how much that was, 0 when nothing is';

-- The definitions, for all rows at once, into empty tables of this schema. Nobody analyzes the
-- parents of partitions, and after a first load not the partitions either: without statistics
-- a planner takes hundreds of partitions for empty and joins them by nested loops.
CREATE FUNCTION racing.fill_derived(home name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
SET work_mem = '64MB'
SET enable_nestloop = off
SET enable_mergejoin = off
AS $$
BEGIN
  EXECUTE format($sql$
    INSERT INTO %1$I.mv_runner_base
    SELECT
      r.runner_id, r.race_id, r.race_date, r.horse_id, r.trainer_id, r.jockey_id,
      r.pos_num, r.win_flag, r.btn, r.dec, r.win_bsp, r.win_ppwap,
      r."or", r.rpr, r.draw, r.lbs,
      ra.race_type, ra.class, ra.dist_f, ra.surface, ra.going, ra.course_id
    FROM racing.runners AS r
    JOIN racing.races AS ra ON ra.race_id = r.race_id
  $sql$, home);
  EXECUTE format($sql$
    INSERT INTO %1$I.derived_races SELECT race_id, race_date, off_time FROM racing.races
  $sql$, home);
  EXECUTE format('ANALYZE %1$I.mv_runner_base', home);
  EXECUTE format('ANALYZE %1$I.derived_races', home);
  EXECUTE format($sql$
    INSERT INTO %1$I.derived_draws
    SELECT
      ROW(course_id, surface, dist_f_bin, draw_quartile)::text,
      course_id, surface, dist_f_bin, draw_quartile,
      count(*), coalesce(sum(win_flag::int), 0), count(win_flag), sum(draw)
    FROM (
      SELECT
        course_id, surface, round(dist_f::numeric, 1) AS dist_f_bin,
        width_bucket(draw, 1, 40, 4) AS draw_quartile, win_flag, draw
      FROM %1$I.mv_runner_base
      WHERE race_type = 'Flat' AND draw IS NOT NULL AND dist_f IS NOT NULL
    ) AS drawn
    GROUP BY course_id, surface, dist_f_bin, draw_quartile
  $sql$, home);
  EXECUTE format($sql$
    INSERT INTO %1$I.mv_draw_bias_flat
    SELECT
      course_id, surface, dist_f_bin, draw_quartile, n, CASE WHEN judged > 0 THEN wins END,
      wins::numeric / nullif(judged, 0), draws::numeric / n
    FROM %1$I.derived_draws
  $sql$, home);
  EXECUTE format($sql$
    INSERT INTO %1$I.mv_last_next
    SELECT
      horse_id, runner_id, race_id, race_date, pos_num, btn, "or", race_type, class, dist_f,
      surface, going, course_id, next_runner_id, next_race_id, next_date, next_pos, next_win,
      next_or, next_date - race_date
    FROM (
      SELECT
        b.*,
        lead(b.runner_id) OVER later AS next_runner_id,
        lead(b.race_id) OVER later AS next_race_id,
        lead(b.race_date) OVER later AS next_date,
        lead(b.pos_num) OVER later AS next_pos,
        lead(b.win_flag) OVER later AS next_win,
        lead(b."or") OVER later AS next_or
      FROM %1$I.mv_runner_base AS b
      JOIN (
        SELECT race_id, min(off_time) AS off_time FROM %1$I.derived_races GROUP BY race_id
      ) AS d ON d.race_id = b.race_id
      WHERE b.pos_num IS NOT NULL AND b.horse_id IS NOT NULL
      WINDOW later AS (
        PARTITION BY b.horse_id ORDER BY b.race_date, d.off_time, b.race_id, b.runner_id
      )
    ) AS runs
    WHERE next_race_id IS NOT NULL
  $sql$, home);
END
$$;

CREATE FUNCTION racing.compare_derived(
  OUT races bigint, OUT horses bigint, OUT draws bigint
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
BEGIN
  races := 0;
  horses := 0;
  draws := 0;
  -- The tables agree with each other at any time: what they lack of the facts is noted, or differs.
  PERFORM FROM racing.derived_upkeep WHERE tables AND NOT building FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  races := racing.note_differences(NULL);

  WITH fresh AS (
    SELECT horse_id, count(*) AS n, sum(hash_record_extended(f, 0)) AS hash
    FROM (
      SELECT
        horse_id, runner_id, race_id, race_date, pos_num, btn, "or", race_type, class, dist_f,
        surface, going, course_id, next_runner_id, next_race_id, next_date, next_pos, next_win,
        next_or, next_date - race_date AS dsr_next
      FROM (
        SELECT
          b.*,
          lead(b.runner_id) OVER later AS next_runner_id,
          lead(b.race_id) OVER later AS next_race_id,
          lead(b.race_date) OVER later AS next_date,
          lead(b.pos_num) OVER later AS next_pos,
          lead(b.win_flag) OVER later AS next_win,
          lead(b."or") OVER later AS next_or
        FROM racing.mv_runner_base AS b
        JOIN (
          SELECT race_id, min(off_time) AS off_time FROM racing.derived_races GROUP BY race_id
        ) AS d ON d.race_id = b.race_id
        WHERE b.pos_num IS NOT NULL AND b.horse_id IS NOT NULL
        WINDOW later AS (
          PARTITION BY b.horse_id ORDER BY b.race_date, d.off_time, b.race_id, b.runner_id
        )
      ) AS runs
      WHERE next_race_id IS NOT NULL
    ) AS f
    GROUP BY horse_id
  ), kept AS (
    SELECT horse_id, count(*) AS n, sum(hash_record_extended(m, 0)) AS hash
    FROM racing.mv_last_next AS m
    GROUP BY horse_id
  ), noted AS (
    INSERT INTO racing.derived_dirty (noted_by, horse_id)
    SELECT (1 + row_number() OVER (ORDER BY horse_id) / 500)::text::xid8, horse_id
    FROM fresh FULL JOIN kept USING (horse_id)
    WHERE (fresh.n, fresh.hash) IS DISTINCT FROM (kept.n, kept.hash)
    RETURNING horse_id
  )
  SELECT count(*) INTO horses FROM noted;

  WITH fresh AS MATERIALIZED (
    SELECT
      course_id, surface, dist_f_bin, draw_quartile, count(*) AS n,
      coalesce(sum(win_flag::int), 0) AS wins, count(win_flag) AS judged, sum(draw) AS draws
    FROM (
      SELECT
        course_id, surface, round(dist_f::numeric, 1) AS dist_f_bin,
        width_bucket(draw, 1, 40, 4) AS draw_quartile, win_flag, draw
      FROM racing.mv_runner_base
      WHERE race_type = 'Flat' AND draw IS NOT NULL AND dist_f IS NOT NULL
    ) AS drawn
    GROUP BY course_id, surface, dist_f_bin, draw_quartile
  ), kept AS MATERIALIZED (
    SELECT course_id, surface, dist_f_bin, draw_quartile, n, wins, judged, draws
    FROM racing.derived_draws
  ), fresh_shown AS (
    SELECT
      course_id, surface, dist_f_bin, draw_quartile, n, CASE WHEN judged > 0 THEN wins END AS wins,
      (wins::numeric / nullif(judged, 0))::numeric(6, 4) AS win_rate,
      (draws::numeric / n)::numeric(4, 1) AS avg_draw
    FROM fresh
  ), differing AS (
    SELECT course_id, surface, dist_f_bin, draw_quartile
    FROM (
      (TABLE fresh EXCEPT ALL TABLE kept) UNION ALL (TABLE kept EXCEPT ALL TABLE fresh)
    ) AS sums
    UNION
    SELECT course_id, surface, dist_f_bin, draw_quartile
    FROM (
      (TABLE fresh_shown EXCEPT ALL TABLE racing.mv_draw_bias_flat)
      UNION ALL
      (TABLE racing.mv_draw_bias_flat EXCEPT ALL TABLE fresh_shown)
    ) AS shown
  ), gone_sums AS (
    DELETE FROM racing.derived_draws WHERE EXISTS (SELECT FROM differing) RETURNING 1
  ), gone AS (
    DELETE FROM racing.mv_draw_bias_flat WHERE EXISTS (SELECT FROM differing) RETURNING 1
  ), put_sums AS (
    INSERT INTO racing.derived_draws
    SELECT ROW(course_id, surface, dist_f_bin, draw_quartile)::text, fresh.*
    FROM fresh
    WHERE EXISTS (SELECT FROM differing) AND (SELECT count(*) FROM gone_sums) >= 0
  ), put AS (
    INSERT INTO racing.mv_draw_bias_flat
    SELECT * FROM fresh_shown
    WHERE EXISTS (SELECT FROM differing) AND (SELECT count(*) FROM gone) >= 0
  )
  SELECT count(*) INTO draws FROM differing;

  UPDATE racing.derived_upkeep SET compared_at = now();
END
$$;

COMMENT ON FUNCTION racing.compare_derived() IS
  'Compare the tables in place of views with their definitions: how many races, horses and groups differ, unnoted; groups are mended, the others noted';

-- The change-over, in steps that the caller commits one by one: watch, build, swap.

CREATE FUNCTION racing.watch_facts() RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '500ms'
AS $$
DECLARE
  fact text;
  kind record;
BEGIN
  FOREACH fact IN ARRAY ARRAY['races', 'runners'] LOOP
    FOR kind IN
      SELECT *
      FROM (VALUES
        ('INSERT', 'REFERENCING NEW TABLE AS new_rows'),
        ('DELETE', 'REFERENCING OLD TABLE AS old_rows'),
        ('UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
        ('TRUNCATE', '')
      ) AS kinds (event, tables)
    LOOP
      CONTINUE WHEN EXISTS (
        SELECT FROM pg_trigger
        WHERE tgrelid = format('racing.%I', fact)::regclass
          AND tgname = lower('derived_' || kind.event)
      );
      EXECUTE format(
        'CREATE TRIGGER %I AFTER %s ON racing.%I %s FOR EACH STATEMENT'
        ' EXECUTE FUNCTION racing.note_%s()',
        lower('derived_' || kind.event), kind.event, fact, kind.tables, fact
      );
    END LOOP;
  END LOOP;
END
$$;

CREATE FUNCTION racing.unwatch_facts() RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '500ms'
AS $$
DECLARE
  found record;
BEGIN
  PERFORM FROM racing.derived_upkeep WHERE tables;
  IF FOUND THEN
    RAISE EXCEPTION 'the tables in place of views are kept up by these triggers'
      USING ERRCODE = 'GW002';
  END IF;
  FOR found IN
    SELECT tgname, tgrelid::regclass AS fact FROM pg_trigger
    WHERE tgrelid IN ('racing.races'::regclass, 'racing.runners'::regclass)
      AND tgfoid IN ('racing.note_races'::regproc, 'racing.note_runners'::regproc)
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.fact);
  END LOOP;
  DELETE FROM racing.derived_dirty;
END
$$;

-- What readers, and the statistics, know of a relation, for the one that takes its place.
CREATE FUNCTION racing.copy_standing(old regclass, new regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  statement text;
BEGIN
  FOR statement IN
    -- what default privileges gave
    SELECT format('REVOKE ALL ON %s FROM %s', new,
      CASE had.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(had.grantee)) END)
    FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS had
    WHERE c.oid = new AND had.grantee <> c.relowner
    UNION ALL
    SELECT format('GRANT %s%s ON %s TO %s%s', had.privilege_type,
      CASE WHEN a.attname IS NULL THEN '' ELSE format(' (%I)', a.attname) END, new,
      CASE had.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(had.grantee)) END,
      CASE WHEN had.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM (
      SELECT NULL::name AS attname, relacl AS acl, relowner FROM pg_class WHERE oid = old
      UNION ALL
      SELECT a.attname, a.attacl, c.relowner
      FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
      WHERE a.attrelid = old AND a.attnum > 0
    ) AS a
    CROSS JOIN LATERAL aclexplode(a.acl) AS had
    WHERE had.grantee <> a.relowner
    UNION ALL
    SELECT format('COMMENT ON %s %s IS %L',
      CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, new, d.description)
    FROM pg_description AS d JOIN pg_class AS c ON c.oid = new
    WHERE d.classoid = 'pg_class'::regclass AND d.objoid = old AND d.objsubid = 0
    UNION ALL
    SELECT format('COMMENT ON COLUMN %s.%I IS %L', new, a.attname, d.description)
    FROM pg_description AS d
    JOIN pg_attribute AS a ON a.attrelid = old AND a.attnum = d.objsubid
    WHERE d.classoid = 'pg_class'::regclass AND d.objoid = old AND d.objsubid > 0
    UNION ALL
    SELECT format('ALTER TABLE %s ALTER %I SET STATISTICS %s', new, attname, attstattarget)
    FROM pg_attribute
    WHERE attrelid = old AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0
    UNION ALL
    SELECT format('ALTER TABLE %s ALTER %I SET (%s)', new, attname, array_to_string(attoptions, ', '))
    FROM pg_attribute
    WHERE attrelid = old AND attnum > 0 AND NOT attisdropped AND attoptions IS NOT NULL
  LOOP
    EXECUTE statement;
  END LOOP;
END
$$;

-- The indexes of `old` for `new`, under their own names; `own` is the one that upkeep adds.
CREATE FUNCTION racing.copy_indexes(old regclass, new regclass, own name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET maintenance_work_mem = '256MB'
AS $$
DECLARE
  index record;
BEGIN
  FOR index IN
    SELECT
      pg_get_indexdef(i.indexrelid) AS definition, c.relname, t.spcname, i.indisclustered,
      obj_description(i.indexrelid, 'pg_class') AS description
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    WHERE i.indrelid = old AND i.indisvalid AND c.relname <> own
    ORDER BY c.relname
  LOOP
    PERFORM set_config('default_tablespace', coalesce(index.spcname, ''), true);
    EXECUTE regexp_replace(index.definition, ' ON (ONLY )?racing\.', ' ON staging.');
    IF index.description IS NOT NULL THEN
      EXECUTE format('COMMENT ON INDEX staging.%I IS %L', index.relname, index.description);
    END IF;
    IF index.indisclustered THEN
      EXECUTE format('ALTER TABLE %s CLUSTER ON %I', new, index.relname);
    END IF;
  END LOOP;
  PERFORM set_config('default_tablespace', '', true);
END
$$;

CREATE FUNCTION racing.build_derived(as_tables boolean) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
  own constant name := 'derived_runner_base_race';
  known record;
BEGIN
  INSERT INTO racing.derived_definitions (view_name, definition)
  SELECT c.relname, rtrim(pg_get_viewdef(c.oid), '; ')
  FROM pg_class AS c
  WHERE c.relkind = 'm'
    AND c.relnamespace = 'racing'::regnamespace
    AND c.relname = ANY ('{mv_draw_bias_flat,mv_last_next,mv_runner_base}')
  ON CONFLICT (view_name) DO UPDATE SET definition = excluded.definition;

  -- What was noted up to here is in what follows.
  DELETE FROM racing.derived_dirty;
  FOR known IN
    SELECT
      n.name, old.oid::regclass AS old, t.spcname, d.definition,
      coalesce(' WITH (' || array_to_string(old.reloptions, ', ') || ')', '') AS options
    FROM unnest('{mv_runner_base,mv_last_next,mv_draw_bias_flat}'::name[])
      WITH ORDINALITY AS n (name, place)
    JOIN pg_class AS old ON old.oid = format('racing.%I', n.name)::regclass
    LEFT JOIN pg_tablespace AS t ON t.oid = old.reltablespace
    LEFT JOIN racing.derived_definitions AS d ON d.view_name = n.name
    ORDER BY n.place
  LOOP
    PERFORM set_config('default_tablespace', coalesce(known.spcname, ''), true);
    IF as_tables THEN
      EXECUTE format('CREATE TABLE staging.%I%s AS TABLE %s WITH NO DATA',
        known.name, known.options, known.old);
    ELSE
      EXECUTE format('CREATE MATERIALIZED VIEW staging.%I%s AS %s',
        known.name, known.options,
        regexp_replace(
          known.definition, '\mracing\.(mv_(runner_base|last_next|draw_bias_flat))\M',
          'staging.\1', 'g'
        ));
    END IF;
    PERFORM racing.copy_standing(known.old, format('staging.%I', known.name)::regclass);
  END LOOP;
  PERFORM set_config('default_tablespace', '', true);

  IF as_tables THEN
    CREATE TABLE staging.derived_races AS TABLE racing.derived_races WITH NO DATA;
    CREATE TABLE staging.derived_draws AS TABLE racing.derived_draws WITH NO DATA;
    PERFORM racing.copy_standing('racing.derived_races', 'staging.derived_races');
    PERFORM racing.copy_standing('racing.derived_draws', 'staging.derived_draws');
    PERFORM racing.fill_derived('staging');
    PERFORM racing.copy_indexes('racing.derived_races', 'staging.derived_races', '');
    PERFORM racing.copy_indexes('racing.derived_draws', 'staging.derived_draws', '');
    EXECUTE format('CREATE INDEX %I ON staging.mv_runner_base (race_id)', own);
  END IF;
  PERFORM racing.copy_indexes('racing.mv_runner_base', 'staging.mv_runner_base', own);
  PERFORM racing.copy_indexes('racing.mv_last_next', 'staging.mv_last_next', own);
  PERFORM racing.copy_indexes('racing.mv_draw_bias_flat', 'staging.mv_draw_bias_flat', own);
  ANALYZE staging.mv_runner_base;
  ANALYZE staging.mv_last_next;
  ANALYZE staging.mv_draw_bias_flat;
END
$$;

-- Put what was built where readers look. Locks are taken here only, nobody computes under them:
-- views of others are pointed at the new relations, the old ones dropped, the new ones moved.
CREATE FUNCTION racing.swap_derived(as_tables boolean) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '500ms'
SET client_min_messages = warning
AS $$
DECLARE
  names constant name[] := '{mv_draw_bias_flat,mv_last_next,mv_runner_base}';
  known record;
BEGIN
  PERFORM FROM racing.derived_upkeep FOR UPDATE;
  FOR known IN
    SELECT DISTINCT
      v.oid::regclass AS name, pg_get_viewdef(v.oid) AS definition,
      coalesce(' WITH (' || array_to_string(v.reloptions, ', ') || ')', '') AS options
    FROM pg_depend AS d
    JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v'
    WHERE d.refclassid = 'pg_class'::regclass
      AND d.refobjid IN (SELECT format('racing.%I', n)::regclass FROM unnest(names) AS n)
  LOOP
    EXECUTE format('CREATE OR REPLACE VIEW %s%s AS %s', known.name, known.options,
      regexp_replace(
        known.definition, '\mracing\.(mv_(runner_base|last_next|draw_bias_flat))\M',
        'staging.\1', 'g'
      ));
  END LOOP;
  IF as_tables THEN
    DROP TABLE racing.derived_races, racing.derived_draws;
    ALTER TABLE staging.derived_races SET SCHEMA racing;
    ALTER TABLE staging.derived_draws SET SCHEMA racing;
  ELSE
    DELETE FROM racing.derived_races;
    DELETE FROM racing.derived_draws;
  END IF;
  FOR known IN
    SELECT
      n.name, pg_get_userbyid(old.relowner) AS owner, new.relowner = old.relowner AS owned,
      CASE old.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS was,
      CASE WHEN as_tables THEN 'TABLE' ELSE 'MATERIALIZED VIEW' END AS becomes
    FROM unnest(names) WITH ORDINALITY AS n (name, place)
    JOIN pg_class AS old ON old.oid = format('racing.%I', n.name)::regclass
    JOIN pg_class AS new ON new.oid = format('staging.%I', n.name)::regclass
    ORDER BY n.place
  LOOP
    EXECUTE format('DROP %s racing.%I', known.was, known.name);
    EXECUTE format('ALTER %s staging.%I SET SCHEMA racing', known.becomes, known.name);
    IF NOT known.owned THEN
      EXECUTE format('ALTER %s racing.%I OWNER TO %I', known.becomes, known.name, known.owner);
    END IF;
  END LOOP;
  UPDATE racing.derived_upkeep
  SET tables = as_tables, building = false, built_at = now(), compared_at = now();
END
$$;

CREATE FUNCTION racing.begin_derived(build boolean) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
  leftover record;
BEGIN
  UPDATE racing.derived_upkeep SET building = build WHERE building <> build;
  FOR leftover IN
    SELECT
      c.oid::regclass AS name,
      CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind
    FROM unnest(
      '{mv_draw_bias_flat,mv_last_next,mv_runner_base,derived_races,derived_draws}'::name[]
    ) WITH ORDINALITY AS n (name, place)
    JOIN pg_class AS c ON c.oid = to_regclass(format('staging.%I', n.name))
    ORDER BY n.place
  LOOP
    EXECUTE format('DROP %s %s', leftover.kind, leftover.name);
  END LOOP;
END
$$;

COMMENT ON FUNCTION racing.watch_facts() IS
  'Make the triggers that note what changes in the facts';
COMMENT ON FUNCTION racing.unwatch_facts() IS
  'Drop these triggers, and what they noted, once the known views are materialized again';
COMMENT ON FUNCTION racing.begin_derived(boolean) IS
  'Say that the known views are being built anew, or not any more; drops what was built and not used';
COMMENT ON FUNCTION racing.build_derived(boolean) IS
  'Build the known views beside themselves in schema staging, as tables (true) or materialized';
COMMENT ON FUNCTION racing.swap_derived(boolean) IS
  'Put what build_derived built in their place';

DO $$
DECLARE
  made text;
  owner name := (
    SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'racing.races'::regclass
  );
BEGIN
  FOR made IN
    SELECT p.oid::regprocedure::text
    FROM pg_proc AS p
    WHERE p.pronamespace = 'racing'::regnamespace
      AND p.proname = ANY ('{
        derived_flood,note_runners,note_races,derive,derive_own,derive_noted,note_differences,
        fill_derived,compare_derived,watch_facts,unwatch_facts,copy_standing,copy_indexes,
        build_derived,swap_derived,begin_derived
      }')
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM public', made);
  END LOOP;
END
$$;
