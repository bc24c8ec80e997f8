-- Write the staged runners that are new or differ; unchanged ones are not even locked.
-- While a runner has no position, an empty price cell leaves the stored price alone:
-- services that follow live prices write there.
WITH horse AS MATERIALIZED (
  SELECT n.name, d.horse_id
  FROM staging.names AS n
  JOIN racing.horses AS d ON d.horse_norm = n.norm
  WHERE n.kind = 'horse'
), trainer AS MATERIALIZED (
  SELECT n.name, d.trainer_id
  FROM staging.names AS n
  JOIN racing.trainers AS d ON d.trainer_norm = n.norm
  WHERE n.kind = 'trainer'
), jockey AS MATERIALIZED (
  SELECT n.name, d.jockey_id
  FROM staging.names AS n
  JOIN racing.jockeys AS d ON d.jockey_norm = n.norm
  WHERE n.kind = 'jockey'
), owner AS MATERIALIZED (
  SELECT n.name, d.owner_id
  FROM staging.names AS n
  JOIN racing.owners AS d ON d.owner_norm = n.norm
  WHERE n.kind = 'owner'
), pedigree AS MATERIALIZED (
  SELECT DISTINCT
    s.sire, s.dam, s.damsire,
    si.norm AS sire_norm, da.norm AS dam_norm, ds.norm AS damsire_norm
  FROM staging.runners AS s
  LEFT JOIN staging.names AS si ON si.kind = 'blood' AND si.name = s.sire
  LEFT JOIN staging.names AS da ON da.kind = 'blood' AND da.name = s.dam
  LEFT JOIN staging.names AS ds ON ds.kind = 'blood' AND ds.name = s.damsire
  WHERE coalesce(s.sire, s.dam, s.damsire) IS NOT NULL
), blood AS MATERIALIZED (
  SELECT p.sire, p.dam, p.damsire, d.blood_id
  FROM pedigree AS p
  JOIN racing.bloodlines AS d
    ON d.sire_norm = p.sire_norm
    AND d.dam_norm = p.dam_norm
    AND d.damsire_norm = p.damsire_norm
  UNION ALL
  SELECT p.sire, p.dam, p.damsire, min(d.blood_id)
  FROM pedigree AS p
  JOIN racing.bloodlines AS d
    ON (d.sire_norm, d.dam_norm, d.damsire_norm)
      IS NOT DISTINCT FROM (p.sire_norm, p.dam_norm, p.damsire_norm)
  WHERE (p.sire IS NULL OR p.dam IS NULL OR p.damsire IS NULL)
    AND (d.sire_norm IS NULL OR d.dam_norm IS NULL OR d.damsire_norm IS NULL)
  GROUP BY p.sire, p.dam, p.damsire
), resolved AS (
  SELECT
    s.*,
    race.race_id,
    horse.horse_id,
    trainer.trainer_id,
    jockey.jockey_id,
    owner.owner_id,
    blood.blood_id
  FROM staging.runners AS s
  JOIN racing.races AS race
    ON race.race_key = s.race_key
    AND race.race_date = s.race_date
    AND race.race_date >= %(first)s
    AND race.race_date < %(next)s
  LEFT JOIN horse ON horse.name = s.horse
  LEFT JOIN trainer ON trainer.name = s.trainer
  LEFT JOIN jockey ON jockey.name = s.jockey
  LEFT JOIN owner ON owner.name = s.owner
  LEFT JOIN blood
    ON coalesce(blood.sire, '') = coalesce(s.sire, '')
    AND coalesce(blood.dam, '') = coalesce(s.dam, '')
    AND coalesce(blood.damsire, '') = coalesce(s.damsire, '')
), wanted AS (
  SELECT
    s.runner_key, s.race_date,
    s.race_id, s.horse_id, s.trainer_id, s.jockey_id, s.owner_id, s.blood_id,
    s.num, s.pos_raw, s.draw, s.ovr_btn, s.btn, s.age, s.sex, s.lbs, s.hg, s.time_raw,
    s.secs, s.prize, s.prize_raw, s."or", s.rpr, s.comment, s.win_morning_vol,
    s.win_pre_vol, s.win_ip_vol, s.win_lose, s.place_morning_vol, s.place_pre_vol,
    s.place_ip_vol, s.place_win_lose, s.match_jaccard, s.match_time_diff_min,
    s.match_reason,
    CASE WHEN k.keep THEN coalesce(s.dec, r.dec) ELSE s.dec END AS dec,
    CASE WHEN k.keep THEN coalesce(s.win_bsp, r.win_bsp) ELSE s.win_bsp END AS win_bsp,
    CASE WHEN k.keep THEN coalesce(s.win_ppwap, r.win_ppwap) ELSE s.win_ppwap END AS win_ppwap,
    CASE WHEN k.keep THEN coalesce(s.win_morningwap, r.win_morningwap) ELSE s.win_morningwap END AS win_morningwap,
    CASE WHEN k.keep THEN coalesce(s.win_ppmax, r.win_ppmax) ELSE s.win_ppmax END AS win_ppmax,
    CASE WHEN k.keep THEN coalesce(s.win_ppmin, r.win_ppmin) ELSE s.win_ppmin END AS win_ppmin,
    CASE WHEN k.keep THEN coalesce(s.win_ipmax, r.win_ipmax) ELSE s.win_ipmax END AS win_ipmax,
    CASE WHEN k.keep THEN coalesce(s.win_ipmin, r.win_ipmin) ELSE s.win_ipmin END AS win_ipmin,
    CASE WHEN k.keep THEN coalesce(s.place_bsp, r.place_bsp) ELSE s.place_bsp END AS place_bsp,
    CASE WHEN k.keep THEN coalesce(s.place_ppwap, r.place_ppwap) ELSE s.place_ppwap END AS place_ppwap,
    CASE WHEN k.keep THEN coalesce(s.place_morningwap, r.place_morningwap) ELSE s.place_morningwap END AS place_morningwap,
    CASE WHEN k.keep THEN coalesce(s.place_ppmax, r.place_ppmax) ELSE s.place_ppmax END AS place_ppmax,
    CASE WHEN k.keep THEN coalesce(s.place_ppmin, r.place_ppmin) ELSE s.place_ppmin END AS place_ppmin,
    CASE WHEN k.keep THEN coalesce(s.place_ipmax, r.place_ipmax) ELSE s.place_ipmax END AS place_ipmax,
    CASE WHEN k.keep THEN coalesce(s.place_ipmin, r.place_ipmin) ELSE s.place_ipmin END AS place_ipmin,
    r.runner_id
  FROM resolved AS s
  CROSS JOIN LATERAL (SELECT s.pos_raw IS NULL AND %(keep_live_prices)s AS keep) AS k
  LEFT JOIN racing.runners AS r
    ON r.runner_key = s.runner_key
    AND r.race_date = s.race_date
    AND r.race_date >= %(first)s
    AND r.race_date < %(next)s
), changes AS MATERIALIZED (
  SELECT w.*, w.runner_id IS NULL AS is_new
  FROM wanted AS w
  LEFT JOIN racing.runners AS r
    ON r.runner_id = w.runner_id
    AND r.race_date = w.race_date
    AND r.race_date >= %(first)s
    AND r.race_date < %(next)s
  WHERE w.runner_id IS NULL
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
      w.race_id, w.horse_id, w.trainer_id, w.jockey_id, w.owner_id, w.blood_id, w.num,
      w.pos_raw, w.draw, w.ovr_btn, w.btn, w.age, w.sex, w.lbs, w.hg, w.time_raw,
      w.secs, w.dec, w.prize, w.prize_raw, w."or", w.rpr, w.comment, w.win_bsp,
      w.win_ppwap, w.win_morningwap, w.win_ppmax, w.win_ppmin, w.win_ipmax, w.win_ipmin,
      w.win_morning_vol, w.win_pre_vol, w.win_ip_vol, w.win_lose, w.place_bsp,
      w.place_ppwap, w.place_morningwap, w.place_ppmax, w.place_ppmin, w.place_ipmax,
      w.place_ipmin, w.place_morning_vol, w.place_pre_vol, w.place_ip_vol,
      w.place_win_lose, w.match_jaccard, w.match_time_diff_min, w.match_reason
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
