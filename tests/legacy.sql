-- An existing GiddyUp database as other hands made it: names without a schema,
-- found by the search path. Run with the path of tests.legacy.

CREATE TABLE courses (
  course_id bigserial PRIMARY KEY,
  course_name text NOT NULL,
  region text NOT NULL,
  course_norm text GENERATED ALWAYS AS (norm_text(course_name)) STORED,
  CONSTRAINT courses_uniq UNIQUE (region, course_norm)
);
CREATE TABLE horses (
  horse_id bigserial PRIMARY KEY,
  horse_name text NOT NULL,
  horse_norm text GENERATED ALWAYS AS (norm_text(horse_name)) STORED,
  CONSTRAINT horses_uniq UNIQUE (horse_norm)
);
CREATE TABLE horse_alias (
  horse_id bigint REFERENCES horses (horse_id) ON DELETE CASCADE,
  alias text NOT NULL,
  alias_norm text GENERATED ALWAYS AS (norm_text(alias)) STORED,
  PRIMARY KEY (horse_id, alias_norm)
);
CREATE TABLE trainers (
  trainer_id bigserial PRIMARY KEY,
  trainer_name text NOT NULL,
  trainer_norm text GENERATED ALWAYS AS (norm_text(trainer_name)) STORED,
  CONSTRAINT trainers_uniq UNIQUE (trainer_norm)
);
CREATE TABLE jockeys (
  jockey_id bigserial PRIMARY KEY,
  jockey_name text NOT NULL,
  jockey_norm text GENERATED ALWAYS AS (norm_text(jockey_name)) STORED,
  CONSTRAINT jockeys_uniq UNIQUE (jockey_norm)
);
CREATE TABLE owners (
  owner_id bigserial PRIMARY KEY,
  owner_name text NOT NULL,
  owner_norm text GENERATED ALWAYS AS (norm_text(owner_name)) STORED,
  CONSTRAINT owners_uniq UNIQUE (owner_norm)
);
CREATE TABLE bloodlines (
  blood_id bigserial PRIMARY KEY,
  sire text,
  sire_norm text GENERATED ALWAYS AS (norm_text(sire)) STORED,
  dam text,
  dam_norm text GENERATED ALWAYS AS (norm_text(dam)) STORED,
  damsire text,
  damsire_norm text GENERATED ALWAYS AS (norm_text(damsire)) STORED,
  CONSTRAINT blood_uniq UNIQUE (sire_norm, dam_norm, damsire_norm)
);

CREATE TABLE races (
  race_id bigserial,
  race_key text NOT NULL,
  race_date date NOT NULL,
  region text NOT NULL,
  course_id bigint REFERENCES courses (course_id),
  off_time time,
  race_name text NOT NULL,
  race_type text NOT NULL,
  class text, pattern text, rating_band text, age_band text, sex_rest text, dist_raw text,
  dist_f double precision, dist_m int, going text, surface text, ran int NOT NULL,
  PRIMARY KEY (race_id, race_date),
  UNIQUE (race_key, race_date)
) PARTITION BY RANGE (race_date);

CREATE TABLE runners (
  runner_id bigserial,
  runner_key text NOT NULL,
  race_id bigint NOT NULL,
  race_date date NOT NULL,
  horse_id bigint REFERENCES horses (horse_id),
  trainer_id bigint REFERENCES trainers (trainer_id),
  jockey_id bigint REFERENCES jockeys (jockey_id),
  owner_id bigint REFERENCES owners (owner_id),
  blood_id bigint REFERENCES bloodlines (blood_id),
  num int, pos_raw text, draw int, ovr_btn double precision, btn double precision,
  age int, sex text, lbs int, hg text, time_raw text, secs double precision,
  dec double precision, prize double precision, prize_raw text, "or" int, rpr int, comment text,
  win_bsp double precision, win_ppwap double precision, win_morningwap double precision,
  win_ppmax double precision, win_ppmin double precision, win_ipmax double precision,
  win_ipmin double precision, win_morning_vol double precision, win_pre_vol double precision,
  win_ip_vol double precision, win_lose int,
  place_bsp double precision, place_ppwap double precision, place_morningwap double precision,
  place_ppmax double precision, place_ppmin double precision, place_ipmax double precision,
  place_ipmin double precision, place_morning_vol double precision,
  place_pre_vol double precision, place_ip_vol double precision, place_win_lose int,
  match_jaccard double precision, match_time_diff_min int, match_reason text,
  pos_num int GENERATED ALWAYS AS (
    CASE WHEN pos_raw ~ '^[0-9]+' THEN regexp_replace(pos_raw, '[^0-9].*', '')::int END
  ) STORED,
  win_flag boolean GENERATED ALWAYS AS (
    CASE WHEN pos_raw ~ '^[0-9]+' THEN regexp_replace(pos_raw, '[^0-9].*', '')::int = 1 ELSE false END
  ) STORED,
  PRIMARY KEY (runner_id, race_date),
  UNIQUE (runner_key, race_date),
  CONSTRAINT runners_bsp_chk CHECK (win_bsp IS NULL OR win_bsp >= 1.01),
  CONSTRAINT runners_dec_chk CHECK (dec IS NULL OR dec >= 1.01)
) PARTITION BY RANGE (race_date);

CREATE FUNCTION create_partitions_for_year(p_year int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first date;
BEGIN
  FOR m IN 1..12 LOOP
    first := make_date(p_year, m, 1);
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF races FOR VALUES FROM (%L) TO (%L)',
      'races_' || to_char(first, 'YYYY_MM'), first, first + interval '1 month');
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF runners FOR VALUES FROM (%L) TO (%L)',
      'runners_' || to_char(first, 'YYYY_MM'), first, first + interval '1 month');
  END LOOP;
END
$$;

CREATE INDEX races_date_idx ON races (race_date);
CREATE INDEX races_course_date_idx ON races (course_id, race_date);
CREATE INDEX runners_date_idx ON runners (race_date);
CREATE INDEX runners_raceid_idx ON runners (race_id);
CREATE INDEX runners_comment_fts ON runners USING gin (to_tsvector('english', comment));
CREATE INDEX horses_trgm ON horses USING gin (horse_name gin_trgm_ops);

CREATE MATERIALIZED VIEW mv_runner_base AS
SELECT r.runner_id, r.race_id, r.race_date, r.horse_id, r.trainer_id, r.jockey_id, r.pos_num,
  r.win_flag, r.btn, r.dec, r.win_bsp, r.win_ppwap, r."or", r.rpr, r.draw, r.lbs,
  ra.race_type, ra.class, ra.dist_f, ra.surface, ra.going, ra.course_id
FROM runners r JOIN races ra ON ra.race_id = r.race_id;
CREATE INDEX mv_rb_horse_date ON mv_runner_base (horse_id, race_date DESC);
