-- Compute a view anew beside its readers; it needs a unique index and what it showed before.
REFRESH MATERIALIZED VIEW CONCURRENTLY {view}
