-- Races without a winner, and when they went off or will, for the gap checks.
-- A race of which the source has spoken of every runner and placed none is void; one that
-- nobody was to run in was abandoned. Neither will ever have a winner.
WITH fields AS (
  SELECT
    race_id,
    race_date,
    count(pos_num) AS placed,
    count(*) FILTER (WHERE pos_num = 1) AS winners,
    count(*) FILTER (WHERE pos_raw IS NULL) AS waiting
  FROM racing.runners
  WHERE race_date = ANY(%(days)s::date[])
  GROUP BY race_id, race_date
),
winnerless AS (
  SELECT
    r.race_id, r.race_key, r.race_date, r.region, r.race_type, r.course_id, r.off_time,
    f.placed > 0 IS TRUE AS resulted,
    CASE
      WHEN r.off_time IS NULL THEN time '24:00'
      WHEN %(off_12h)s::boolean AND r.off_time < '10:00' THEN r.off_time + interval '12 hours'
      ELSE r.off_time
    END AS off_24h
  FROM racing.races AS r
  LEFT JOIN fields AS f ON f.race_id = r.race_id AND f.race_date = r.race_date
  WHERE r.race_date = ANY(%(days)s::date[])
    AND CASE
      WHEN f.race_id IS NULL THEN r.ran > 0
      ELSE f.winners = 0 AND (f.waiting > 0 OR f.placed > 0)
    END
)
SELECT
  w.race_id, w.race_key, w.race_date, w.region, w.race_type, c.course_name, w.off_time, w.resulted,
  (w.race_date + w.off_24h) AT TIME ZONE %(zone)s::text AS off_at
FROM winnerless AS w
LEFT JOIN racing.courses AS c ON c.course_id = w.course_id
ORDER BY w.race_date, w.off_24h, w.race_id
