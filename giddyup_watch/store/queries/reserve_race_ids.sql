-- Take ids for races to come, where the column's own default takes them.
SELECT nextval(pg_get_serial_sequence('racing.races', 'race_id')) AS race_id
FROM generate_series(1, %(count)s::int)
