-- Where COPY puts a segment's changed races before they meet the facts.
--
-- Unlogged and emptied in the transaction that fills them: after a crash there
-- is nothing in them that anybody needs. Columns carry the values of the CSV
-- files after cleaning; names stay names until they are resolved.

-- The system before this one may have left staging tables of another shape under these
-- names. They are not ours to rename: their loader may still be in use.
DO $$
DECLARE
  theirs regclass;
BEGIN
  FOREACH theirs IN ARRAY ARRAY[
    to_regclass('staging.races'), to_regclass('staging.runners'),
    to_regclass('staging.names'), to_regclass('staging.pedigrees')
  ] LOOP
    IF theirs IS NOT NULL THEN
      RAISE EXCEPTION 'the table % is there already, and is not ours', theirs
        USING ERRCODE = 'GW001',
          HINT = format(
            'ALTER TABLE %s RENAME TO ..., when its loader is not used any more; then migrate again',
            theirs
          );
    END IF;
  END LOOP;
END
$$;

CREATE UNLOGGED TABLE staging.races (
  line int NOT NULL,
  race_key text NOT NULL,
  race_date date NOT NULL,
  region text NOT NULL,
  course text NOT NULL,
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
  ran int NOT NULL
) WITH (autovacuum_enabled = false);

CREATE UNLOGGED TABLE staging.runners (
  line int NOT NULL,
  race_key text NOT NULL,
  race_date date NOT NULL,
  runner_key text NOT NULL,
  num int,
  pos_raw text,
  draw int,
  ovr_btn float8,
  btn float8,
  horse text,
  age int,
  sex text,
  lbs int,
  hg text,
  time_raw text,
  secs float8,
  dec float8,
  jockey text,
  trainer text,
  prize float8,
  prize_raw text,
  "or" int,
  rpr int,
  sire text,
  dam text,
  damsire text,
  owner text,
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
  match_reason text
) WITH (autovacuum_enabled = false);

-- Each distinct name of the staged rows: its norm, so that norm_text runs once per name,
-- and the key of its dimension row.
CREATE UNLOGGED TABLE staging.names (
  kind text NOT NULL,
  name text NOT NULL,
  norm text NOT NULL,
  line int NOT NULL,
  id bigint,
  PRIMARY KEY (kind, name)
) WITH (autovacuum_enabled = false);

-- Each distinct pedigree of the staged rows; an unknown parent is empty, its norm null.
CREATE UNLOGGED TABLE staging.pedigrees (
  sire text NOT NULL,
  dam text NOT NULL,
  damsire text NOT NULL,
  sire_norm text,
  dam_norm text,
  damsire_norm text,
  line int NOT NULL,
  id bigint,
  PRIMARY KEY (sire, dam, damsire)
) WITH (autovacuum_enabled = false);

-- Null parents are equal to us though not to the unique constraint; this finds them.
CREATE INDEX bloodlines_incomplete ON racing.bloodlines (
  coalesce(sire_norm, ''), coalesce(dam_norm, ''), coalesce(damsire_norm, '')
) WHERE sire_norm IS NULL OR dam_norm IS NULL OR damsire_norm IS NULL;
