-- Segments that are held as a whole, with the days that the ledger knows of them.
SELECT
  s.region,
  s.code,
  to_char(s.month, 'YYYY-MM') AS month,
  s.reason,
  ARRAY(
    SELECT l.d
    FROM racing.ledger_days AS l
    WHERE l.region = s.region
      AND l.code = s.code
      AND l.d >= s.month
      AND l.d < (s.month + interval '1 month')::date
  ) AS days
FROM racing.ledger_segments AS s
WHERE s.state = 'held' AND s.reason LIKE %(whole)s
