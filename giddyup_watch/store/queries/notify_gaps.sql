-- Tell listeners of incidents opened, changed or resolved; delivered when the transaction commits.
SELECT pg_notify('giddyup_gap', payload)
FROM unnest(%(payloads)s::text[]) AS told (payload)
