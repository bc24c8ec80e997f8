-- The key of each staged name's dimension row, null where there is none.
SELECT kind, name, id FROM staging.names
