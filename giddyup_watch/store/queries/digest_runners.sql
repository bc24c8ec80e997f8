-- The runners of a month, race by race: how many, and a SHA-256 over their columns, sorted by key.
-- The fields are those that the program computes of a file's lines, in that order.
SELECT
  r.race_id, r.race_date, count(*)::int AS runners,
  sha256(
    string_agg(
      record_send(
        ROW(
          r.runner_key, r.num, r.pos_raw, r.draw, r.ovr_btn, r.btn, r.horse_id, r.age, r.sex,
          r.lbs, r.hg, r.time_raw, r.secs, r.dec, r.jockey_id, r.trainer_id, r.prize,
          r.prize_raw, r."or", r.rpr, r.owner_id, r.comment, r.win_bsp, r.win_ppwap,
          r.win_morningwap, r.win_ppmax, r.win_ppmin, r.win_ipmax, r.win_ipmin,
          r.win_morning_vol, r.win_pre_vol, r.win_ip_vol, r.win_lose, r.place_bsp,
          r.place_ppwap, r.place_morningwap, r.place_ppmax, r.place_ppmin, r.place_ipmax,
          r.place_ipmin, r.place_morning_vol, r.place_pre_vol, r.place_ip_vol,
          r.place_win_lose, r.match_jaccard, r.match_time_diff_min, r.match_reason, r.blood_id
        )
      ),
      '' ORDER BY r.runner_key COLLATE "C"
    )
  ) AS digest
FROM racing.runners AS r
WHERE r.race_date >= %(first)s
  AND r.race_date < %(next)s
GROUP BY r.race_id, r.race_date
