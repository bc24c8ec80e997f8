-- An instant on the clocks of a time zone, as the server sees it; no row when it does not know the zone.
SELECT %(instant)s::timestamptz AT TIME ZONE z.name
FROM pg_timezone_names AS z
WHERE z.name = %(timezone)s
