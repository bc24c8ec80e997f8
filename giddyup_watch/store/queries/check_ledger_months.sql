-- Days that the ledger knows, whatever became of them, by segment: the first of the month is
-- bit 0. For the racing calendar, when there are others than the last time.
SELECT
  region,
  code,
  to_char(month, 'YYYY-MM') AS month,
  days
FROM (
  SELECT
    region,
    code,
    d - date_part('day', d)::int + 1 AS month,
    bit_or(1 << (date_part('day', d)::int - 1)) AS days
  FROM racing.ledger_days
  GROUP BY region, code, d - date_part('day', d)::int + 1
) AS months
