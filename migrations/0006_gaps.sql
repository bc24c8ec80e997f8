-- Gaps: what is missing or does not add up, one incident however long it lasts.

CREATE TABLE racing.data_gaps (
  gap_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  check_name text NOT NULL,
  family text NOT NULL,
  key text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
  region text,
  code text,
  d date,
  finding text NOT NULL,
  item jsonb NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  acked_at timestamptz,
  note text
);

COMMENT ON TABLE racing.data_gaps IS
  'One row per incident of the gap checks; open until the check itself found it repaired';
COMMENT ON COLUMN racing.data_gaps.family IS
  'checks that find the same thing share one incident: the name of the first of them';
COMMENT ON COLUMN racing.data_gaps.key IS 'what is missing: a day, a segment, a race; see docs/operations.md';
COMMENT ON COLUMN racing.data_gaps.finding IS 'one sentence';
COMMENT ON COLUMN racing.data_gaps.item IS 'the finding as the API gives it';
COMMENT ON COLUMN racing.data_gaps.changed_at IS 'when severity or item last changed; that ends an acknowledgement';
COMMENT ON COLUMN racing.data_gaps.seen_at IS 'when a check last found it';
COMMENT ON COLUMN racing.data_gaps.acked_at IS 'an operator knows: left out of gauges and exit codes';

CREATE UNIQUE INDEX data_gaps_open ON racing.data_gaps (family, key) WHERE resolved_at IS NULL;
CREATE INDEX data_gaps_resolved ON racing.data_gaps (resolved_at) WHERE resolved_at IS NOT NULL;

-- What the nightly proof found, segment by segment. The check count_mismatch reads it.
CREATE TABLE racing.verified_segments (
  region text NOT NULL,
  code text NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  result text NOT NULL CHECK (result IN ('equal', 'different')),
  days date[] NOT NULL DEFAULT '{}',
  finding text NOT NULL DEFAULT '',
  verified_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (region, code, month)
);

COMMENT ON TABLE racing.verified_segments IS
  'When each segment was last compared with its files, row by row, and what was found';
COMMENT ON COLUMN racing.verified_segments.days IS 'the days that differ';
COMMENT ON COLUMN racing.verified_segments.finding IS 'how they differ, in one sentence; empty when they do not';

-- What the checks look for in the ledger, wherever it is among twenty years of good days.

CREATE INDEX ledger_days_unwell ON racing.ledger_days (region, code, d)
WHERE state <> 'loaded' OR rejected > 0;
CREATE INDEX ledger_races_copies ON racing.ledger_races (region, code, race_date)
WHERE NOT owned AND in_file;
CREATE INDEX ingest_rejects_undated ON racing.ingest_rejects (region, code, month)
WHERE d IS NULL;

-- The monitoring queries of the original system, under names to find them by.

CREATE VIEW racing.ingest_recent_runs AS
SELECT
  run_id,
  status,
  started_at,
  finished_at,
  finished_at - started_at AS duration,
  scope ->> 'dates' AS dates,
  (stats ->> 'races_inserted')::bigint AS races,
  (stats ->> 'runners_inserted')::bigint AS runners,
  scope ->> 'trigger' AS trigger,
  error_msg
FROM racing.etl_runs
ORDER BY started_at DESC
LIMIT 10;

COMMENT ON VIEW racing.ingest_recent_runs IS 'The ten newest runs';

CREATE VIEW racing.ingest_coverage AS
SELECT region, code, min(d) AS first_date, max(d) AS last_date, count(*) AS days_loaded
FROM racing.ingested_days
GROUP BY region, code
ORDER BY region, code;

COMMENT ON VIEW racing.ingest_coverage IS 'First and last day and number of days loaded, by region and code';

CREATE VIEW racing.ingest_missing_days AS
SELECT folders.region, folders.code, days.d::date AS d
FROM (SELECT DISTINCT region, code FROM racing.ingested_days) AS folders
CROSS JOIN generate_series(current_date - 30, current_date, interval '1 day') AS days (d)
WHERE NOT EXISTS (
  SELECT
  FROM racing.ingested_days AS i
  WHERE i.region = folders.region AND i.code = folders.code AND i.d = days.d::date
)
ORDER BY folders.region, folders.code, d;

COMMENT ON VIEW racing.ingest_missing_days IS
  'Days of the last 30 that are not loaded, by region and code, days without racing among them';
