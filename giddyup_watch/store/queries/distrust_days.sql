-- Have days compared again, race by race, whenever their segment is read next.
UPDATE racing.ledger_days AS l
SET rules = ''
FROM unnest(%(regions)s::text[], %(codes)s::text[], %(days)s::date[]) AS x (region, code, d)
WHERE l.region = x.region AND l.code = x.code AND l.d = x.d
