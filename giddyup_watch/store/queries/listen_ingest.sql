-- Hear of what other sessions load, on the monitor's connection.
LISTEN giddyup_ingest
