-- Segments that inherited a race, or lost one, read the days concerned again; a parked one
-- when it is resumed.
WITH heirs AS (
  SELECT DISTINCT region, code, d
  FROM unnest(%(regions)s::text[], %(codes)s::text[], %(days)s::date[]) AS x (region, code, d)
), days AS (
  UPDATE racing.ledger_days AS l
  SET rules = ''
  FROM heirs AS h
  WHERE l.region = h.region AND l.code = h.code AND l.d = h.d
)
UPDATE racing.ledger_segments AS s
SET state = 'due', reason = 'a race passed to it'
FROM (SELECT DISTINCT region, code, date_trunc('month', d)::date AS month FROM heirs) AS h
WHERE s.region = h.region AND s.code = h.code AND s.month = h.month AND s.state <> 'parked'
