-- Compute a view anew; readers wait until it is done.
REFRESH MATERIALIZED VIEW {view}
