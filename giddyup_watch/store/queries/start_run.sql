-- Open a run; the etl_runs row is seen by everybody while the run goes on.
INSERT INTO racing.etl_runs (started_at, status, scope)
VALUES (%(started_at)s, 'running', %(scope)s)
RETURNING run_id
