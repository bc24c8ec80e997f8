-- Settings of every session: at the start of a connection, whatever the defaults of the role, the
-- database or the server are. Nothing is looked up outside pg_catalog, so that no object of
-- others can stand in for one of ours, and here that is said with every name: the path is not set
-- yet. A policy that hides rows from us is an error, since a row not seen is a row taken for
-- gone. Values are put into words in one way, since digests are made of them. Nobody ends a
-- session that waits for work, but the server ends one whose machine is silent. Plans are made for the values at hand: the sixth time a statement
-- comes, the server tries a plan for any values, and locks every partition with every index for
-- it (7,000 locks at twenty years, where a server has room for 6,400 unless told otherwise).
SELECT
  pg_catalog.pg_is_in_recovery() AS is_standby,
  pg_catalog.set_config('search_path', 'pg_catalog', false),
  pg_catalog.set_config('row_security', 'off', false),
  pg_catalog.set_config('TimeZone', 'UTC', false),
  pg_catalog.set_config('DateStyle', 'ISO, YMD', false),
  pg_catalog.set_config('IntervalStyle', 'postgres', false),
  pg_catalog.set_config('bytea_output', 'hex', false),
  pg_catalog.set_config('extra_float_digits', '1', false),
  pg_catalog.set_config('standard_conforming_strings', 'on', false),
  pg_catalog.set_config('array_nulls', 'on', false),
  pg_catalog.set_config('quote_all_identifiers', 'off', false),
  pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', false),
  pg_catalog.set_config('lock_timeout', %(lock_timeout)s, false),
  pg_catalog.set_config('statement_timeout', %(statement_timeout)s, false),
  pg_catalog.set_config('idle_session_timeout', '0', false),
  pg_catalog.set_config('idle_in_transaction_session_timeout', '0', false),
  CASE
    WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL  -- since 17
    THEN pg_catalog.set_config('transaction_timeout', '0', false)
  END,
  pg_catalog.set_config('client_connection_check_interval', %(check_interval)s, false),
  pg_catalog.set_config('tcp_keepalives_idle', %(keepalives_idle)s, false),
  pg_catalog.set_config('tcp_keepalives_interval', %(keepalives_interval)s, false),
  pg_catalog.set_config('tcp_keepalives_count', %(keepalives_count)s, false),
  pg_catalog.set_config('tcp_user_timeout', %(tcp_user_timeout)s, false),
  pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
  pg_catalog.set_config('default_transaction_read_only', %(read_only)s, false);
