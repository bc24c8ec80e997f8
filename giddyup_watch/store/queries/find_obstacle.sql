-- What keeps a month from being built beside the facts and attached whole; null when nothing does.
SELECT CASE
  WHEN to_regclass('racing.races_' || m.suffix) IS NOT NULL
    OR to_regclass('racing.runners_' || m.suffix) IS NOT NULL
    OR (
      -- To read the bounds of twenty years takes 20 ms: those that have our names have our bounds,
      -- and where one has not, ATTACH refuses the month.
      EXISTS (
        SELECT
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent IN ('racing.races'::regclass, 'racing.runners'::regclass)
          AND c.relname !~ '^(races|runners)_[0-9]{4}_[0-9]{2}$'
      )
      AND (
        racing.covers_month('racing.races', m.first) OR racing.covers_month('racing.runners', m.first)
      )
    )
  THEN 'there are partitions for it'
  WHEN EXISTS (SELECT FROM racing.ledger_segments AS l WHERE l.month = m.first)
    OR EXISTS (SELECT FROM racing.ledger_days AS l WHERE l.d >= m.first AND l.d < m.next)
    OR EXISTS (
      SELECT FROM racing.ledger_races AS l WHERE l.race_date >= m.first AND l.race_date < m.next
    )
    OR EXISTS (SELECT FROM racing.ingest_rejects AS l WHERE l.month = m.first)
    OR EXISTS (SELECT FROM racing.ingested_days AS l WHERE l.d >= m.first AND l.d < m.next)
  THEN 'something was decided about it before'
  WHEN to_regclass('staging.month_races') IS NOT NULL
    OR to_regclass('staging.month_runners') IS NOT NULL
  THEN 'somebody has tables of the names in which it is built'
  WHEN NOT has_function_privilege('racing.begin_month()', 'EXECUTE')
    OR NOT has_function_privilege('racing.attach_month(date)', 'EXECUTE')
  THEN 'the role may not have it built'
  WHEN EXISTS (
    SELECT
    FROM pg_partitioned_table AS p
    WHERE p.partrelid IN ('racing.races'::regclass, 'racing.runners'::regclass)
      AND (p.partdefid <> 0 OR p.partstrat <> 'r' OR p.partnatts <> 1)
  )
  THEN 'the tables have a default partition, or are not parted by their date alone'
  WHEN EXISTS (
    SELECT
    FROM pg_class AS c
    WHERE c.oid IN ('racing.races'::regclass, 'racing.runners'::regclass)
      AND (c.relrowsecurity OR c.relhasrules OR c.relreplident <> 'd')
  )
    OR EXISTS (
      SELECT
      FROM pg_trigger AS t
      WHERE t.tgrelid IN ('racing.races'::regclass, 'racing.runners'::regclass)
        AND NOT t.tgisinternal
    )
    OR EXISTS (SELECT FROM pg_publication)
  THEN 'triggers, policies, rules or publications want to see each row that comes in'
  WHEN EXISTS (
    SELECT
    FROM pg_attribute AS a
    WHERE a.attrelid IN ('racing.races'::regclass, 'racing.runners'::regclass)
      AND a.attidentity <> ''
  )
    OR pg_get_serial_sequence('racing.races', 'race_id') IS NULL
  THEN 'ids come from elsewhere than a sequence of their column'
END
FROM (
  SELECT
    %(month)s::date AS first,
    (%(month)s::date + interval '1 month')::date AS next,
    to_char(%(month)s::date, 'YYYY_MM') AS suffix
) AS m
