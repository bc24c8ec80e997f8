-- The GiddyUp database: made on an empty one, completed on an existing one.
--
-- Whatever is there already is used as it is: no table, column, view or index
-- of others is dropped or rewritten, and an existing table gets no index it
-- did not have (index upkeep is most of what a load costs, and its owner chose
-- what to pay for). The one thing replaced is a norm_text that would not
-- survive dump and restore, and only after proof that the results are the same.

SET LOCAL client_min_messages = warning;

-- Whether the facts are ours to lay out, for the steps below.
SELECT set_config('giddyup.fresh', (
  to_regclass('racing.races') IS NULL AND to_regclass('racing.runners') IS NULL
)::text, true);

-- CREATE SCHEMA IF NOT EXISTS asks for a privilege even when there is nothing to create.
DO $$
DECLARE
  extension text;
  home text := CASE WHEN to_regnamespace('public') IS NULL THEN 'racing' ELSE 'public' END;
BEGIN
  IF to_regnamespace('racing') IS NULL THEN
    CREATE SCHEMA racing;
  END IF;
  IF to_regnamespace('staging') IS NULL THEN
    CREATE SCHEMA staging;
  END IF;
  FOREACH extension IN ARRAY ARRAY['pg_trgm', 'unaccent'] LOOP
    EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I', extension, home);
  END LOOP;
END
$$;

-- norm_text: the generated columns are stored from it, so that its result may
-- never change where there are rows. A body written as RETURN is bound to the
-- very functions it names when it is created: it needs no search path, which
-- is what a restore (and a refresh on PostgreSQL 17) runs without.
--
-- An existing function that works without a search path is left alone. One
-- that does not is replaced when old, new and stored results agree over all
-- stored names; where one differs, nothing is changed and the name is told.
DO $$
DECLARE
  unaccent_schema text := (
    SELECT n.nspname
    FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace
    WHERE extname = 'unaccent'
  );
  body text := format(
    'RETURN regexp_replace(regexp_replace(%I.unaccent(lower(coalesce($1, ''''))),'
    ' ''\s*\([a-z]{2,3}\)\s*$'', '''', ''g''), ''[^a-z0-9\s]'', '' '', ''g'')',
    unaccent_schema);
  template text := 'CREATE OR REPLACE FUNCTION %I.%I(%s text) RETURNS text'
    ' LANGUAGE sql IMMUTABLE PARALLEL SAFE %s %s';
  existing record;
  stored record;
  odd text;
BEGIN
  FOR existing IN
    SELECT
      n.nspname AS home,
      coalesce(quote_ident(nullif(p.proargnames[1], '')), '') AS argument,
      CASE WHEN p.proisstrict THEN 'STRICT' ELSE '' END AS strictness
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE p.oid = to_regprocedure('racing.norm_text(text)')
      OR p.oid = to_regprocedure('public.norm_text(text)')
      AND EXISTS ( -- else it has nothing to do with this schema
        SELECT
        FROM pg_depend AS d
        LEFT JOIN pg_attrdef AS a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
        JOIN pg_class AS c ON c.oid = coalesce(a.adrelid, d.objid)
        WHERE d.refclassid = 'pg_proc'::regclass
          AND d.refobjid = p.oid
          AND c.relnamespace = 'racing'::regnamespace
      )
  LOOP
    BEGIN
      EXECUTE format('SELECT %I.norm_text(''Élan (FR)'')', existing.home);
      CONTINUE;
    EXCEPTION WHEN undefined_function OR undefined_object THEN
      NULL; -- it needs a search path: replaced below
    END;

    EXECUTE format(template, 'racing', 'norm_text_bound', '', existing.strictness, body);
    FOR stored IN
      SELECT *
      FROM (VALUES
        ('courses', 'course_name', 'course_norm'),
        ('horses', 'horse_name', 'horse_norm'),
        ('horse_alias', 'alias', 'alias_norm'),
        ('trainers', 'trainer_name', 'trainer_norm'),
        ('jockeys', 'jockey_name', 'jockey_norm'),
        ('owners', 'owner_name', 'owner_norm'),
        ('bloodlines', 'sire', 'sire_norm'),
        ('bloodlines', 'dam', 'dam_norm'),
        ('bloodlines', 'damsire', 'damsire_norm')
      ) AS names (relation, name, norm)
      WHERE to_regclass('racing.' || relation) IS NOT NULL
    LOOP
      -- With the schemas in reach that the old body was written for.
      PERFORM set_config('search_path', format('racing, public, %I', unaccent_schema), true);
      EXECUTE format(
        'SELECT quote_nullable(%2$I) FROM racing.%1$I'
        ' WHERE racing.norm_text_bound(%2$I) IS DISTINCT FROM %4$I.norm_text(%2$I)'
        ' OR racing.norm_text_bound(%2$I) IS DISTINCT FROM %3$I'
        ' LIMIT 1',
        stored.relation, stored.name, stored.norm, existing.home) INTO odd;
      PERFORM set_config('search_path', 'pg_catalog', true);
      IF odd IS NOT NULL THEN
        RAISE EXCEPTION
          '%.norm_text does not survive dump and restore, and cannot be replaced:'
          ' the result would change for % in racing.%', existing.home, odd, stored.relation
          USING ERRCODE = 'GW001',
            HINT = 'give norm_text a body that names the schema of unaccent, then migrate again';
      END IF;
    END LOOP;
    DROP FUNCTION racing.norm_text_bound(text);

    EXECUTE format(
      template, existing.home, 'norm_text', existing.argument, existing.strictness, body);
  END LOOP;

  -- Our SQL calls racing.norm_text: where the database's own lives in public, through it.
  IF to_regprocedure('racing.norm_text(text)') IS NULL THEN
    EXECUTE format(
      template, 'racing', 'norm_text', 't', '',
      CASE
        WHEN current_setting('giddyup.fresh')::boolean
          OR to_regprocedure('public.norm_text(text)') IS NULL
        THEN body
        ELSE 'RETURN public.norm_text(t)'
      END);
  END IF;
END
$$;

CREATE TABLE IF NOT EXISTS racing.courses (
  course_id bigserial PRIMARY KEY,
  course_name text NOT NULL,
  region text NOT NULL,
  course_norm text GENERATED ALWAYS AS (racing.norm_text(course_name)) STORED,
  CONSTRAINT courses_uniq UNIQUE (region, course_norm)
);

CREATE TABLE IF NOT EXISTS racing.horses (
  horse_id bigserial PRIMARY KEY,
  horse_name text NOT NULL,
  horse_norm text GENERATED ALWAYS AS (racing.norm_text(horse_name)) STORED,
  CONSTRAINT horses_uniq UNIQUE (horse_norm)
);

CREATE TABLE IF NOT EXISTS racing.horse_alias (
  horse_id bigint REFERENCES racing.horses (horse_id) ON DELETE CASCADE,
  alias text NOT NULL,
  alias_norm text GENERATED ALWAYS AS (racing.norm_text(alias)) STORED,
  PRIMARY KEY (horse_id, alias_norm)
);

CREATE TABLE IF NOT EXISTS racing.trainers (
  trainer_id bigserial PRIMARY KEY,
  trainer_name text NOT NULL,
  trainer_norm text GENERATED ALWAYS AS (racing.norm_text(trainer_name)) STORED,
  CONSTRAINT trainers_uniq UNIQUE (trainer_norm)
);

CREATE TABLE IF NOT EXISTS racing.jockeys (
  jockey_id bigserial PRIMARY KEY,
  jockey_name text NOT NULL,
  jockey_norm text GENERATED ALWAYS AS (racing.norm_text(jockey_name)) STORED,
  CONSTRAINT jockeys_uniq UNIQUE (jockey_norm)
);

CREATE TABLE IF NOT EXISTS racing.owners (
  owner_id bigserial PRIMARY KEY,
  owner_name text NOT NULL,
  owner_norm text GENERATED ALWAYS AS (racing.norm_text(owner_name)) STORED,
  CONSTRAINT owners_uniq UNIQUE (owner_norm)
);

CREATE TABLE IF NOT EXISTS racing.bloodlines (
  blood_id bigserial PRIMARY KEY,
  sire text,
  sire_norm text GENERATED ALWAYS AS (racing.norm_text(sire)) STORED,
  dam text,
  dam_norm text GENERATED ALWAYS AS (racing.norm_text(dam)) STORED,
  damsire text,
  damsire_norm text GENERATED ALWAYS AS (racing.norm_text(damsire)) STORED,
  CONSTRAINT blood_uniq UNIQUE (sire_norm, dam_norm, damsire_norm)
);

CREATE TABLE IF NOT EXISTS racing.races (
  race_id bigserial,
  race_key text NOT NULL,
  race_date date NOT NULL,
  region text NOT NULL,
  course_id bigint REFERENCES racing.courses (course_id),
  off_time time,
  race_name text NOT NULL,
  race_type text NOT NULL,
  class text,
  pattern text,
  rating_band text,
  age_band text,
  sex_rest text,
  dist_raw text,
  dist_f float8,
  dist_m int,
  going text,
  surface text,
  ran int NOT NULL,
  PRIMARY KEY (race_id, race_date),
  UNIQUE (race_key, race_date)
) PARTITION BY RANGE (race_date);

CREATE TABLE IF NOT EXISTS racing.runners (
  runner_id bigserial,
  runner_key text NOT NULL,
  race_id bigint NOT NULL,
  race_date date NOT NULL,
  horse_id bigint REFERENCES racing.horses (horse_id),
  trainer_id bigint REFERENCES racing.trainers (trainer_id),
  jockey_id bigint REFERENCES racing.jockeys (jockey_id),
  owner_id bigint REFERENCES racing.owners (owner_id),
  blood_id bigint REFERENCES racing.bloodlines (blood_id),
  num int,
  pos_raw text,
  draw int,
  ovr_btn float8,
  btn float8,
  age int,
  sex text,
  lbs int,
  hg text,
  time_raw text,
  secs float8,
  dec float8,
  prize float8,
  prize_raw text,
  "or" int,
  rpr int,
  comment text,
  win_bsp float8,
  win_ppwap float8,
  win_morningwap float8,
  win_ppmax float8,
  win_ppmin float8,
  win_ipmax float8,
  win_ipmin float8,
  win_morning_vol float8,
  win_pre_vol float8,
  win_ip_vol float8,
  win_lose int,
  place_bsp float8,
  place_ppwap float8,
  place_morningwap float8,
  place_ppmax float8,
  place_ppmin float8,
  place_ipmax float8,
  place_ipmin float8,
  place_morning_vol float8,
  place_pre_vol float8,
  place_ip_vol float8,
  place_win_lose int,
  match_jaccard float8,
  match_time_diff_min int,
  match_reason text,
  pos_num int GENERATED ALWAYS AS (substring(pos_raw FROM '^[0-9]+')::int) STORED,
  win_flag boolean GENERATED ALWAYS AS (
    coalesce(substring(pos_raw FROM '^[0-9]+')::int = 1, false)
  ) STORED,
  PRIMARY KEY (runner_id, race_date),
  UNIQUE (runner_key, race_date),
  CONSTRAINT runners_bsp_chk CHECK (win_bsp IS NULL OR win_bsp >= 1.01),
  CONSTRAINT runners_dec_chk CHECK (dec IS NULL OR dec >= 1.01)
) PARTITION BY RANGE (race_date);

CREATE TABLE IF NOT EXISTS racing.etl_runs (
  run_id bigserial PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  status text NOT NULL CHECK (status IN ('running', 'success', 'failed', 'canceled')),
  scope jsonb NOT NULL,
  stats jsonb,
  error_msg text,
  duration_ms bigint,
  CONSTRAINT status_final_check CHECK ((status = 'running') = (finished_at IS NULL))
);

CREATE TABLE IF NOT EXISTS racing.ingested_days (
  region text NOT NULL,
  code text NOT NULL,
  d date NOT NULL,
  run_id bigint REFERENCES racing.etl_runs (run_id),
  inserted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (region, code, d)
);

DO $$
BEGIN
  IF to_regprocedure('racing.create_partitions_for_year(int)') IS NOT NULL
    OR to_regprocedure('public.create_partitions_for_year(int)') IS NOT NULL
  THEN
    RETURN;
  END IF;

  CREATE FUNCTION racing.create_partitions_for_year(p_year int) RETURNS void
  LANGUAGE plpgsql AS $function$
  DECLARE
    fact text;
    month date;
  BEGIN
    FOREACH fact IN ARRAY ARRAY['races', 'runners'] LOOP
      FOR m IN 1..12 LOOP
        month := make_date(p_year, m, 1);
        EXECUTE format(
          'CREATE TABLE IF NOT EXISTS racing.%I PARTITION OF racing.%I FOR VALUES FROM (%L) TO (%L)',
          fact || to_char(month, '_YYYY_MM'), fact, month, (month + interval '1 month')::date);
      END LOOP;
    END LOOP;
  END
  $function$;
END
$$;

-- Indexes and views of facts that are ours to lay out. Some indexes cover the
-- same columns twice: every GiddyUp database has both, other programs' scripts
-- name them, and a load measured here costs what it costs there.
DO $$
DECLARE
  dimension text;
  trigrams text := (
    SELECT format('%I.gin_trgm_ops', n.nspname)
    FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace
    WHERE extname = 'pg_trgm'
  );
BEGIN
  IF NOT current_setting('giddyup.fresh')::boolean THEN
    RETURN;
  END IF;

  FOREACH dimension IN ARRAY ARRAY['course', 'horse', 'trainer', 'jockey', 'owner'] LOOP
    EXECUTE format('CREATE INDEX %I ON racing.%I USING gin (%I %s)',
      dimension || 's_trgm', dimension || 's', dimension || '_name', trigrams);
  END LOOP;

  CREATE INDEX races_date_idx ON racing.races (race_date);
  CREATE INDEX idx_races_date ON racing.races (race_date);
  CREATE INDEX races_course_date_idx ON racing.races (course_id, race_date);
  CREATE INDEX races_type_going_idx ON racing.races (race_type, going);
  CREATE INDEX races_distf_idx ON racing.races (dist_f);
  CREATE INDEX idx_races_course_date_type ON racing.races (course_id, race_date, race_type)
    INCLUDE (going, dist_f, class);

  CREATE INDEX runners_date_idx ON racing.runners (race_date);
  CREATE INDEX runners_raceid_idx ON racing.runners (race_id);
  CREATE INDEX idx_runners_race ON racing.runners (race_id) WHERE pos_num IS NOT NULL;
  CREATE INDEX idx_runners_unraced ON racing.runners (race_id) WHERE pos_raw IS NULL;
  CREATE INDEX runners_unrun_idx ON racing.runners (race_date) WHERE pos_raw IS NULL;
  CREATE INDEX runners_dims_idx ON racing.runners (horse_id, trainer_id, jockey_id);
  CREATE INDEX runners_draw_idx ON racing.runners (draw) WHERE draw IS NOT NULL;
  CREATE INDEX runners_price_idx ON racing.runners (win_bsp, dec);
  CREATE INDEX idx_runners_horse_date ON racing.runners (horse_id, race_date DESC);
  CREATE INDEX idx_runners_horse_d ON racing.runners (horse_id, race_date DESC);
  CREATE INDEX idx_runners_horse_form ON racing.runners (horse_id, race_date DESC)
    INCLUDE (pos_num, pos_raw, win_flag, btn, "or", rpr, win_bsp, dec, secs);
  CREATE INDEX idx_runners_trainer_date ON racing.runners (trainer_id, race_date DESC)
    WHERE trainer_id IS NOT NULL;
  CREATE INDEX idx_runners_jockey_date ON racing.runners (jockey_id, race_date DESC)
    WHERE jockey_id IS NOT NULL;
  CREATE INDEX runners_comment_fts ON racing.runners USING gin (to_tsvector('english', comment));
  CREATE INDEX idx_runners_comment_fts ON racing.runners
    USING gin (to_tsvector('english', coalesce(comment, '')));

  CREATE MATERIALIZED VIEW racing.mv_runner_base AS
  SELECT
    r.runner_id, r.race_id, r.race_date, r.horse_id, r.trainer_id, r.jockey_id,
    r.pos_num, r.win_flag, r.btn, r.dec, r.win_bsp, r.win_ppwap,
    r."or", r.rpr, r.draw, r.lbs,
    ra.race_type, ra.class, ra.dist_f, ra.surface, ra.going, ra.course_id
  FROM racing.runners AS r
  JOIN racing.races AS ra ON ra.race_id = r.race_id;

  CREATE INDEX mv_rb_horse_date ON racing.mv_runner_base (horse_id, race_date DESC);
  CREATE INDEX mv_rb_trainer_date ON racing.mv_runner_base (trainer_id, race_date DESC);
  CREATE INDEX mv_rb_jockey_date ON racing.mv_runner_base (jockey_id, race_date DESC);
  CREATE INDEX mv_rb_race_type ON racing.mv_runner_base (race_type, race_date DESC);

  -- The order is total and a runner without a horse has no next run: both were
  -- left to chance where the view was first written.
  CREATE MATERIALIZED VIEW racing.mv_last_next AS
  WITH runs AS (
    SELECT
      r.horse_id, r.runner_id, r.race_id, r.race_date, r.pos_num, r.btn, r."or",
      ra.race_type, ra.class, ra.dist_f, ra.surface, ra.going, ra.course_id,
      lead(r.runner_id) OVER later AS next_runner_id,
      lead(r.race_id) OVER later AS next_race_id,
      lead(r.race_date) OVER later AS next_date,
      lead(r.pos_num) OVER later AS next_pos,
      lead(r.win_flag) OVER later AS next_win,
      lead(r."or") OVER later AS next_or
    FROM racing.runners AS r
    JOIN racing.races AS ra ON ra.race_id = r.race_id
    WHERE r.pos_num IS NOT NULL AND r.horse_id IS NOT NULL
    WINDOW later AS (
      PARTITION BY r.horse_id ORDER BY r.race_date, ra.off_time, r.race_id, r.runner_id
    )
  )
  SELECT
    horse_id, runner_id AS last_runner_id, race_id AS last_race_id, race_date AS last_date,
    pos_num AS last_pos, btn AS last_btn, "or" AS last_or, race_type AS last_race_type,
    class AS last_class, dist_f AS last_dist_f, surface AS last_surface, going AS last_going,
    course_id AS last_course_id, next_runner_id, next_race_id, next_date, next_pos, next_win,
    next_or, next_date - race_date AS dsr_next
  FROM runs
  WHERE next_race_id IS NOT NULL;

  CREATE INDEX mvln_dates_idx ON racing.mv_last_next (last_date, next_date);
  CREATE INDEX mvln_filter_idx ON racing.mv_last_next (last_pos, last_btn, dsr_next);
  CREATE INDEX mvln_horse_idx ON racing.mv_last_next (horse_id);
  CREATE INDEX mvln_race_type_idx ON racing.mv_last_next (last_race_type);

  CREATE MATERIALIZED VIEW racing.mv_draw_bias_flat AS
  SELECT
    course_id, surface, round(dist_f::numeric, 1) AS dist_f_bin,
    width_bucket(draw, 1, 40, 4) AS draw_quartile,
    count(*) AS n,
    sum(win_flag::int) AS wins,
    avg(win_flag::int)::numeric(6, 4) AS win_rate,
    avg(draw)::numeric(4, 1) AS avg_draw
  FROM racing.mv_runner_base
  WHERE race_type = 'Flat' AND draw IS NOT NULL AND dist_f IS NOT NULL
  GROUP BY 1, 2, 3, 4;

  CREATE INDEX mv_db_idx ON racing.mv_draw_bias_flat (course_id, surface, dist_f_bin);
END
$$;
