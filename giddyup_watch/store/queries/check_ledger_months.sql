-- Days that the ledger knows, whatever became of them, by segment: the first of the month is
-- bit 0. For the racing calendar, each round.
SELECT
  region,
  code,
  date_trunc('month', d)::date AS month,
  bit_or(1 << (extract(day FROM d)::int - 1)) AS days
FROM racing.ledger_days
GROUP BY region, code, date_trunc('month', d)
