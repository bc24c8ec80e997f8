-- Tell listeners what was loaded; delivered when the transaction commits.
SELECT pg_notify('giddyup_ingest', %(payload)s)
