-- For this transaction: memory to make indexes of a month in, unless there is more already.
-- Also says by which number the transaction is known, and whether an older one still goes on.
SELECT
  pg_current_xact_id()::text::bigint AS xid,
  pg_snapshot_xmin(pg_current_snapshot()) < pg_current_xact_id() AS others,
  CASE
    WHEN pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes(%(memory)s)
    THEN set_config('maintenance_work_mem', %(memory)s, true)
  END AS memory
