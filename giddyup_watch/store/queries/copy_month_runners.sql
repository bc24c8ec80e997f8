-- Fill a month's runners; ids first, then the columns of ingest.bulk.texts, in its order.
COPY staging.month_runners (
  race_id, horse_id, trainer_id, jockey_id, owner_id, blood_id,
  race_date, runner_key, num, pos_raw, draw, ovr_btn, btn, age, sex, lbs, hg, time_raw, secs, dec,
  prize, prize_raw, "or", rpr, comment, win_bsp, win_ppwap, win_morningwap, win_ppmax, win_ppmin,
  win_ipmax, win_ipmin, win_morning_vol, win_pre_vol, win_ip_vol, win_lose, place_bsp,
  place_ppwap, place_morningwap, place_ppmax, place_ppmin, place_ipmax, place_ipmin,
  place_morning_vol, place_pre_vol, place_ip_vol, place_win_lose, match_jaccard,
  match_time_diff_min, match_reason
) FROM STDIN WITH (NULL '')
