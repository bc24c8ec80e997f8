-- Have segments that inherited a race read again; a parked one waits until it is resumed.
UPDATE racing.ledger_segments AS s
SET state = 'due', reason = 'a race passed to it'
FROM unnest(%(regions)s::text[], %(codes)s::text[], %(months)s::date[]) AS x (region, code, month)
WHERE s.region = x.region AND s.code = x.code AND s.month = x.month AND s.state <> 'parked'
