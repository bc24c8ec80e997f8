-- The ledger: what was decided about each segment, day and race, and why.
--
-- It stands beside the tables of an existing GiddyUp database and changes none
-- of them; an index finds their open runs. A row here is written in the
-- transaction that writes the facts it speaks of, so that it can be believed
-- after any crash.

CREATE TABLE racing.ledger_segments (
  region text NOT NULL,
  code text NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  state text NOT NULL
    CHECK (state IN ('loaded', 'due', 'held', 'refused', 'absent', 'failed', 'parked')),
  reason text NOT NULL DEFAULT '',
  rules text NOT NULL DEFAULT '',
  manifest_sha256 bytea,
  races_sha256 bytea,
  runners_sha256 bytea,
  counts_agree boolean,
  manifest_races int,
  manifest_runners int,
  file_races int,
  file_runners int,
  misfiled int NOT NULL DEFAULT 0,
  attempts int NOT NULL DEFAULT 0,
  changed_at timestamptz,
  decided_at timestamptz NOT NULL DEFAULT now(),
  run_id bigint,
  PRIMARY KEY (region, code, month)
);

COMMENT ON TABLE racing.ledger_segments IS
  'One row per month folder: the content last decided on (SHA-256 of its files, rules) and the decision';
COMMENT ON COLUMN racing.ledger_segments.state IS
  'loaded; due: to be read again; held: not loaded on purpose; refused: malformed; absent: not on disk; failed: tried again later; parked: canceled';
COMMENT ON COLUMN racing.ledger_segments.changed_at IS 'newest ctime of the files decided on';
COMMENT ON COLUMN racing.ledger_segments.counts_agree IS
  'whether the files held what the manifest said; null when there was no readable manifest';

CREATE TABLE racing.ledger_days (
  region text NOT NULL,
  code text NOT NULL,
  d date NOT NULL,
  state text NOT NULL CHECK (state IN ('loaded', 'held', 'absent')),
  reason text NOT NULL DEFAULT '',
  digest bytea,
  rules text NOT NULL DEFAULT '',
  held bytea,
  accepted text[] NOT NULL DEFAULT '{}',
  races int NOT NULL DEFAULT 0,
  runners int NOT NULL DEFAULT 0,
  rejected int NOT NULL DEFAULT 0,
  decided_at timestamptz NOT NULL DEFAULT now(),
  run_id bigint,
  PRIMARY KEY (region, code, d)
);

COMMENT ON TABLE racing.ledger_days IS
  'One row per day of a segment: digest of the content loaded, and of the content held, if any';
COMMENT ON COLUMN racing.ledger_days.digest IS
  'SHA-256 of the content loaded last';
COMMENT ON COLUMN racing.ledger_days.rules IS
  'rules by which the database holds that content; empty when it holds something else, or is to be compared';
COMMENT ON COLUMN racing.ledger_days.held IS 'SHA-256 of the held content and of the limits that held it';
COMMENT ON COLUMN racing.ledger_days.races IS 'valid races of the day in the file';
COMMENT ON COLUMN racing.ledger_days.rejected IS 'lines of the day that were not loaded, both files';

CREATE TABLE racing.ledger_races (
  region text NOT NULL,
  code text NOT NULL,
  race_date date NOT NULL,
  race_key text NOT NULL,
  digest bytea,
  rank smallint NOT NULL,
  owned boolean NOT NULL,
  in_file boolean NOT NULL DEFAULT true,
  runner_keys text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (race_date, region, code, race_key)
) WITH (fillfactor = 85);

COMMENT ON TABLE racing.ledger_races IS
  'Provenance: each folder''s copy of a race and its runner keys; what is not named here is not ours';
COMMENT ON COLUMN racing.ledger_races.rank IS
  'claim of the folder: 0 named as the type, 1 of the type''s code, 2 any';
COMMENT ON COLUMN racing.ledger_races.owned IS 'the copy that is written to racing.races';
COMMENT ON COLUMN racing.ledger_races.in_file IS 'false: gone from its file, kept in the database';

CREATE TABLE racing.ingest_rejects (
  region text NOT NULL,
  code text NOT NULL,
  month date NOT NULL,
  d date,
  file text NOT NULL,
  line int NOT NULL,
  column_name text,
  value text NOT NULL,
  reason text NOT NULL,
  run_id bigint,
  rejected_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE racing.ingest_rejects IS
  'Lines not loaded (column_name is null) and cells that became null, of each day''s last content';

CREATE INDEX ingest_rejects_segment ON racing.ingest_rejects (region, code, month, d);

-- Each run looks for those that were left open, among all that ever were.
CREATE INDEX etl_runs_running ON racing.etl_runs (run_id) WHERE status = 'running';

CREATE TABLE racing.ingest_control (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  paused boolean NOT NULL DEFAULT false,
  paused_until timestamptz,
  resumed_at timestamptz,
  cancel_run bigint,
  adoption_due boolean NOT NULL DEFAULT false
);

COMMENT ON TABLE racing.ingest_control IS
  'What operators asked of whoever ingests: pause (until resume or a time), cancel of one run';

COMMENT ON COLUMN racing.ingest_control.resumed_at IS
  'segments parked before this are due: the ledger itself is written by whoever holds the ingest lock';
COMMENT ON COLUMN racing.ingest_control.adoption_due IS
  'others filled this database: nothing is loaded until a whole backfill has compared everything';

INSERT INTO racing.ingest_control (adoption_due)
SELECT EXISTS (SELECT FROM racing.races);
