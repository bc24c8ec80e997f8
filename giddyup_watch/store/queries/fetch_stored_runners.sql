-- Runners as stored, names as norms, in the columns of staging; for comparing without writing.
-- The races' dates are bounded again, or every month's would be read (0.8 s at twenty years).
SELECT
  race.race_key, r.race_date, r.runner_key, r.num, r.pos_raw, r.draw, r.ovr_btn, r.btn,
  horse.horse_norm AS horse, r.age, r.sex, r.lbs, r.hg, r.time_raw, r.secs, r.dec,
  jockey.jockey_norm AS jockey, trainer.trainer_norm AS trainer, r.prize, r.prize_raw,
  r."or", r.rpr, blood.sire_norm AS sire, blood.dam_norm AS dam,
  blood.damsire_norm AS damsire, owner.owner_norm AS owner, r.comment, r.win_bsp,
  r.win_ppwap, r.win_morningwap, r.win_ppmax, r.win_ppmin, r.win_ipmax, r.win_ipmin,
  r.win_morning_vol, r.win_pre_vol, r.win_ip_vol, r.win_lose, r.place_bsp, r.place_ppwap,
  r.place_morningwap, r.place_ppmax, r.place_ppmin, r.place_ipmax, r.place_ipmin,
  r.place_morning_vol, r.place_pre_vol, r.place_ip_vol, r.place_win_lose, r.match_jaccard,
  r.match_time_diff_min, r.match_reason
FROM racing.runners AS r
LEFT JOIN racing.races AS race
  ON race.race_id = r.race_id
  AND race.race_date = r.race_date
  AND race.race_date >= %(first)s
  AND race.race_date < %(next)s
LEFT JOIN racing.horses AS horse ON horse.horse_id = r.horse_id
LEFT JOIN racing.jockeys AS jockey ON jockey.jockey_id = r.jockey_id
LEFT JOIN racing.trainers AS trainer ON trainer.trainer_id = r.trainer_id
LEFT JOIN racing.owners AS owner ON owner.owner_id = r.owner_id
LEFT JOIN racing.bloodlines AS blood ON blood.blood_id = r.blood_id
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
  AND r.runner_key = ANY(%(keys)s)
