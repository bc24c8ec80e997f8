-- Settings of every session: at the start of a connection. The search path is
-- pg_catalog only, so that no object of others can stand in for one of ours. Plans are made
-- for the values at hand: the sixth time a statement comes, the server tries a plan for any
-- values, and locks every partition with every index for it (7,000 locks at twenty years,
-- where a server has room for 6,400 unless told otherwise).
SELECT
  set_config('search_path', 'pg_catalog', false),
  set_config('TimeZone', 'UTC', false),
  set_config('DateStyle', 'ISO, YMD', false),
  set_config('plan_cache_mode', 'force_custom_plan', false),
  set_config('lock_timeout', %(lock_timeout)s, false),
  set_config('statement_timeout', %(statement_timeout)s, false),
  set_config('client_connection_check_interval', %(check_interval)s, false),
  set_config('default_transaction_read_only', %(read_only)s, false);
