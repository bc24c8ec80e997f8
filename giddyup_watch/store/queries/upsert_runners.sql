-- Write the staged runners that are new or differ; unchanged ones are not even locked.
-- `race_date + 0` keeps the planner from the index on the date alone: a fresh partition has
-- no statistics that would tell it how much worse that is.
WITH resolved AS (
  SELECT
    s.*,
    race.race_id,
    horse.id AS horse_id,
    trainer.id AS trainer_id,
    jockey.id AS jockey_id,
    owner.id AS owner_id,
    blood.id AS blood_id
  FROM staging.runners AS s
  JOIN racing.races AS race
    ON race.race_key = s.race_key
    AND race.race_date + 0 = s.race_date
    AND race.race_date >= %(first)s
    AND race.race_date < %(next)s
  LEFT JOIN staging.names AS horse ON horse.kind = 'horse' AND horse.name = s.horse
  LEFT JOIN staging.names AS trainer ON trainer.kind = 'trainer' AND trainer.name = s.trainer
  LEFT JOIN staging.names AS jockey ON jockey.kind = 'jockey' AND jockey.name = s.jockey
  LEFT JOIN staging.names AS owner ON owner.kind = 'owner' AND owner.name = s.owner
  LEFT JOIN staging.pedigrees AS blood
    ON blood.sire = coalesce(s.sire, '')
    AND blood.dam = coalesce(s.dam, '')
    AND blood.damsire = coalesce(s.damsire, '')
), changes AS MATERIALIZED (
  SELECT s.*, r.runner_id IS NULL AS is_new
  FROM resolved AS s
  LEFT JOIN racing.runners AS r
    ON r.runner_key = s.runner_key
    AND r.race_date + 0 = s.race_date
    AND r.race_date >= %(first)s
    AND r.race_date < %(next)s
  WHERE r.runner_id IS NULL
    OR (
      r.race_id, r.horse_id, r.trainer_id, r.jockey_id, r.owner_id, r.blood_id, r.num,
      r.pos_raw, r.draw, r.ovr_btn, r.btn, r.age, r.sex, r.lbs, r.hg, r.time_raw,
      r.secs, r.dec, r.prize, r.prize_raw, r."or", r.rpr, r.comment, r.win_bsp,
      r.win_ppwap, r.win_morningwap, r.win_ppmax, r.win_ppmin, r.win_ipmax, r.win_ipmin,
      r.win_morning_vol, r.win_pre_vol, r.win_ip_vol, r.win_lose, r.place_bsp,
      r.place_ppwap, r.place_morningwap, r.place_ppmax, r.place_ppmin, r.place_ipmax,
      r.place_ipmin, r.place_morning_vol, r.place_pre_vol, r.place_ip_vol,
      r.place_win_lose, r.match_jaccard, r.match_time_diff_min, r.match_reason
    ) IS DISTINCT FROM (
      s.race_id, s.horse_id, s.trainer_id, s.jockey_id, s.owner_id, s.blood_id, s.num,
      s.pos_raw, s.draw, s.ovr_btn, s.btn, s.age, s.sex, s.lbs, s.hg, s.time_raw,
      s.secs, s.dec, s.prize, s.prize_raw, s."or", s.rpr, s.comment, s.win_bsp,
      s.win_ppwap, s.win_morningwap, s.win_ppmax, s.win_ppmin, s.win_ipmax, s.win_ipmin,
      s.win_morning_vol, s.win_pre_vol, s.win_ip_vol, s.win_lose, s.place_bsp,
      s.place_ppwap, s.place_morningwap, s.place_ppmax, s.place_ppmin, s.place_ipmax,
      s.place_ipmin, s.place_morning_vol, s.place_pre_vol, s.place_ip_vol,
      s.place_win_lose, s.match_jaccard, s.match_time_diff_min, s.match_reason
    )
), written AS (
  INSERT INTO racing.runners (
    runner_key, race_date, race_id, horse_id, trainer_id, jockey_id, owner_id, blood_id,
    num, pos_raw, draw, ovr_btn, btn, age, sex, lbs, hg, time_raw, secs, dec, prize,
    prize_raw, "or", rpr, comment, win_bsp, win_ppwap, win_morningwap, win_ppmax,
    win_ppmin, win_ipmax, win_ipmin, win_morning_vol, win_pre_vol, win_ip_vol, win_lose,
    place_bsp, place_ppwap, place_morningwap, place_ppmax, place_ppmin, place_ipmax,
    place_ipmin, place_morning_vol, place_pre_vol, place_ip_vol, place_win_lose,
    match_jaccard, match_time_diff_min, match_reason
  )
  SELECT
    runner_key, race_date, race_id, horse_id, trainer_id, jockey_id, owner_id, blood_id,
    num, pos_raw, draw, ovr_btn, btn, age, sex, lbs, hg, time_raw, secs, dec, prize,
    prize_raw, "or", rpr, comment, win_bsp, win_ppwap, win_morningwap, win_ppmax,
    win_ppmin, win_ipmax, win_ipmin, win_morning_vol, win_pre_vol, win_ip_vol, win_lose,
    place_bsp, place_ppwap, place_morningwap, place_ppmax, place_ppmin, place_ipmax,
    place_ipmin, place_morning_vol, place_pre_vol, place_ip_vol, place_win_lose,
    match_jaccard, match_time_diff_min, match_reason
  FROM changes
  ON CONFLICT (runner_key, race_date) DO UPDATE
  SET
    race_id = EXCLUDED.race_id,
    horse_id = EXCLUDED.horse_id,
    trainer_id = EXCLUDED.trainer_id,
    jockey_id = EXCLUDED.jockey_id,
    owner_id = EXCLUDED.owner_id,
    blood_id = EXCLUDED.blood_id,
    num = EXCLUDED.num,
    pos_raw = EXCLUDED.pos_raw,
    draw = EXCLUDED.draw,
    ovr_btn = EXCLUDED.ovr_btn,
    btn = EXCLUDED.btn,
    age = EXCLUDED.age,
    sex = EXCLUDED.sex,
    lbs = EXCLUDED.lbs,
    hg = EXCLUDED.hg,
    time_raw = EXCLUDED.time_raw,
    secs = EXCLUDED.secs,
    dec = EXCLUDED.dec,
    prize = EXCLUDED.prize,
    prize_raw = EXCLUDED.prize_raw,
    "or" = EXCLUDED."or",
    rpr = EXCLUDED.rpr,
    comment = EXCLUDED.comment,
    win_bsp = EXCLUDED.win_bsp,
    win_ppwap = EXCLUDED.win_ppwap,
    win_morningwap = EXCLUDED.win_morningwap,
    win_ppmax = EXCLUDED.win_ppmax,
    win_ppmin = EXCLUDED.win_ppmin,
    win_ipmax = EXCLUDED.win_ipmax,
    win_ipmin = EXCLUDED.win_ipmin,
    win_morning_vol = EXCLUDED.win_morning_vol,
    win_pre_vol = EXCLUDED.win_pre_vol,
    win_ip_vol = EXCLUDED.win_ip_vol,
    win_lose = EXCLUDED.win_lose,
    place_bsp = EXCLUDED.place_bsp,
    place_ppwap = EXCLUDED.place_ppwap,
    place_morningwap = EXCLUDED.place_morningwap,
    place_ppmax = EXCLUDED.place_ppmax,
    place_ppmin = EXCLUDED.place_ppmin,
    place_ipmax = EXCLUDED.place_ipmax,
    place_ipmin = EXCLUDED.place_ipmin,
    place_morning_vol = EXCLUDED.place_morning_vol,
    place_pre_vol = EXCLUDED.place_pre_vol,
    place_ip_vol = EXCLUDED.place_ip_vol,
    place_win_lose = EXCLUDED.place_win_lose,
    match_jaccard = EXCLUDED.match_jaccard,
    match_time_diff_min = EXCLUDED.match_time_diff_min,
    match_reason = EXCLUDED.match_reason
)
SELECT
  count(*) FILTER (WHERE is_new)::int AS inserted,
  count(*) FILTER (WHERE NOT is_new)::int AS updated
FROM changes
