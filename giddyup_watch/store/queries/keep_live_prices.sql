-- While a runner has no position, an empty price cell leaves the stored price alone:
-- services that follow live prices write there.
UPDATE staging.runners AS s
SET
  dec = coalesce(s.dec, r.dec),
  win_bsp = coalesce(s.win_bsp, r.win_bsp),
  win_ppwap = coalesce(s.win_ppwap, r.win_ppwap),
  win_morningwap = coalesce(s.win_morningwap, r.win_morningwap),
  win_ppmax = coalesce(s.win_ppmax, r.win_ppmax),
  win_ppmin = coalesce(s.win_ppmin, r.win_ppmin),
  win_ipmax = coalesce(s.win_ipmax, r.win_ipmax),
  win_ipmin = coalesce(s.win_ipmin, r.win_ipmin),
  place_bsp = coalesce(s.place_bsp, r.place_bsp),
  place_ppwap = coalesce(s.place_ppwap, r.place_ppwap),
  place_morningwap = coalesce(s.place_morningwap, r.place_morningwap),
  place_ppmax = coalesce(s.place_ppmax, r.place_ppmax),
  place_ppmin = coalesce(s.place_ppmin, r.place_ppmin),
  place_ipmax = coalesce(s.place_ipmax, r.place_ipmax),
  place_ipmin = coalesce(s.place_ipmin, r.place_ipmin)
FROM racing.runners AS r
WHERE s.pos_raw IS NULL
  AND r.runner_key = s.runner_key
  AND r.race_date + 0 = s.race_date
  AND r.race_date >= %(first)s
  AND r.race_date < %(next)s
  AND coalesce(
    r.dec, r.win_bsp, r.win_ppwap, r.win_morningwap, r.win_ppmax,
    r.win_ppmin, r.win_ipmax, r.win_ipmin, r.place_bsp, r.place_ppwap,
    r.place_morningwap, r.place_ppmax, r.place_ppmin, r.place_ipmax, r.place_ipmin
  ) IS NOT NULL
